import { splitPlacedWords } from '../../util/words.ts'
import { address } from '../mail_types.ts'
import { ownParams } from '../param.ts'
import { filledText, oneOf, type ParamType, text } from '../types.ts'

const param = ownParams('postern')

/** Mail addresses, separated by blanks or commas. */
function addresses(): ParamType<readonly string[]> {
  const wanted = 'mail addresses such as postmaster@example.com, in ASCII'
  const one = address()
  return {
    kind: 'list of mail addresses',
    wanted,
    parse(value, context) {
      const found: string[] = []
      for (const word of splitPlacedWords(value.text)) {
        const parsed = one.parse({ ...value, text: word.text }, context)
        if (!parsed.ok) return { ok: false, word: word.text, offset: word.offset, instead: wanted }
        found.push(parsed.value)
      }
      return { ok: true, value: found }
    },
  }
}

/** The morning report: what cron, pflogsumm and mutt were for. */
export const reportParams = [
  param({
    name: 'postern_report_to',
    type: addresses(),
    default: '',
    doc: 'Who gets the report of the mail log by mail. Nothing: nobody. cron: MAILTO.',
  }),
  param({
    name: 'postern_report_schedule',
    type: text(),
    default: '0 4 * * *',
    doc: `
      When the report is sent, as in crontab(5): minute, hour, day of month, month, day of week, in the time zone of the
      machine; @daily, @weekly and @monthly, too. It is sent once, however many processes serve; what was due while none did is
      sent, once, when one does again.`,
  }),
  param({
    name: 'postern_report_options',
    type: text(),
    default: '-d yesterday --problems-first --rej-add-from --verbose-msg-detail -q --insights',
    doc: 'Options of "postern report" (pflogsumm) for it. The days are counted from when the report was due.',
  }),
  param({
    name: 'postern_report_log',
    type: text(),
    default: '',
    doc: `
      The log that reports are about: files, or "journal:" for the systemd journal. Nothing: the file of postern_log or of
      maillog_file, else /var/log/mail.log or /var/log/maillog with what was rotated, else the journal.`,
  }),
  param({
    name: 'postern_report_from',
    type: address(),
    default: 'postern@$myhostname',
    doc: 'The sender of the report.',
  }),
  param({
    name: 'postern_report_subject',
    type: filledText(),
    default: 'Postfix log summary',
    doc: 'Its subject; %d stands for the days that it is about, as in "Nov 24". mutt: -s.',
  }),
  param({
    name: 'postern_report_format',
    type: oneOf('text', 'html'),
    default: 'text',
    doc: 'Text as of pflogsumm, or HTML with charts (and the text for mail programs that show no HTML).',
  }),
  param({
    name: 'postern_report_language',
    type: oneOf('en', 'de'),
    default: 'en',
    doc: 'The language of HTML reports and of what --insights adds.',
  }),
  param({
    name: 'postern_report_relay',
    type: text(),
    default: '',
    doc: 'Where the report is handed in: smtp:[host]:port and so on, as postern_next_hop. Nothing: postern_next_hop.',
  }),
] as const
