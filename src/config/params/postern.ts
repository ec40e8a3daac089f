import { ownParams } from '../param.ts'
import { storeAddress } from '../store_url.ts'
import { endpoints, filledText, int, intOrAuto, oneOf, path, text, yesNo } from '../types.ts'

const param = ownParams('postern')

export const posternParams = [
  param({
    name: 'postern_smtp_listen',
    type: endpoints(),
    default: 'inet:127.0.0.1:2525',
    doc: 'Where SMTP clients connect; inet:0.0.0.0:25 in production. Nothing: no gateway.',
  }),
  param({
    name: 'postern_http_listen',
    type: endpoints(),
    default: 'inet:127.0.0.1:8025',
    doc: 'Not offered yet. Where the dashboard, /metrics and /healthz are served.',
  }),
  param({
    name: 'postern_next_hop',
    type: filledText(),
    default: 'maildir:$postern_state_directory/mail',
    doc: `
      Where accepted mail goes before the client is told so: smtp:[host]:port, lmtp:host:port, lmtp:unix:PATH,
      maildir:DIRECTORY or discard:.`,
  }),
  param({
    name: 'postern_lookahead',
    type: yesNo(),
    default: 'yes',
    doc: `
      Ask the DNS everything that the lists may need as soon as it is known. "no": one question after the other, as
      Postfix does.`,
  }),
  param({
    name: 'postern_dns_list_safe_answers',
    type: yesNo(),
    default: 'yes',
    doc: `
      Take no answer of a DNS list for a listing that cannot be one: outside 127.0.0.0/8, 127.0.0.1, 127.255.255.0/24
      (refused and other errors), and never ask a domain list for an address. "no": as Postfix, for which any address
      is a listing.`,
  }),
  param({
    name: 'postern_state_directory',
    type: filledText(),
    default: '/var/lib/postern',
    doc: 'Where Postern keeps its data.',
  }),
  param({
    name: 'postern_store',
    type: storeAddress(),
    default: 'embedded:',
    doc: `
      Its memory of greylisting and decisions. embedded: in postern_state_directory, for one host. Several hosts share a
      Valkey or Redis: valkey://USER:PASSWORD@HOST:PORT/DB (redis:// is the same, valkeys:// and rediss:// with TLS),
      valkey+unix:PATH, valkey+sentinel://HOST:PORT,HOST:PORT/NAME/DB or valkey+cluster://HOST:PORT,HOST:PORT. Each host then
      keeps an embedded memory beside it, from which it answers while the shared one is gone. USER: may be left out; "@",
      "/" and "%" are written %40, %2F and %25, "$" is written "$$". The password is shown nowhere; better, keep it in
      postern_store_password_file.`,
  }),
  param({
    name: 'postern_store_password_file',
    type: path(),
    default: '',
    doc: `
      A file whose first line is the password for postern_store, readable by postern_user. It wins over one in the
      URL. Nothing: none.`,
  }),
  param({
    name: 'postern_store_timeout_ms',
    type: int({ min: 10, max: 10_000 }),
    default: '250',
    doc: `
      Milliseconds that an answer of a shared memory is waited for. After a few that came too late it is taken for gone, and
      not waited for until it answers again; meanwhile the embedded memory answers, and what it does not know passes.`,
  }),
  param({
    name: 'postern_store_sync',
    type: yesNo(),
    default: 'no',
    doc: `
      Answer only when what was noted is on the disk of this host, as Postgrey does. Without, an answer survives the end of any
      process, and a power cut may cost the last second.`,
  }),
  param({
    name: 'postern_workers',
    type: intOrAuto(),
    default: 'auto',
    doc: 'How many processes serve; "auto": one for each processor core. 0: everything happens in one process.',
  }),
  param({
    name: 'postern_log',
    type: filledText(),
    default: 'stdout:',
    doc: 'Where log lines go: stdout:, file:PATH, syslog: (by the program logger) or syslog:ADDR:PORT (by UDP).',
  }),
  param({
    name: 'postern_log_format',
    type: oneOf('postfix', 'json'),
    default: 'postfix',
    doc: 'Log lines as Postfix writes them, or one JSON object each.',
  }),
  param({
    name: 'postern_user',
    type: text(),
    default: '',
    doc: 'The user that Postern becomes once it listens. Nothing: it stays who it is.',
  }),
] as const
