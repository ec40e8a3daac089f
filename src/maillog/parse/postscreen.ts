/** Lines of postscreen. Its clients have no names: "[192.0.2.1]:2525". */
import type { Event } from '../../model/event.ts'
import { CLIENT, type Groups, type LineEntry, line } from './line_entry.ts'
import { verdictEntries } from './verdict.ts'

function screened({ what = '', client = '', text = '' }: Groups): Event {
  return { kind: 'screened', what, client, text }
}

/** respectful_logging (3.6) has changed two words. */
const PLAIN = line(
  '(?<what>CONNECT from|PASS NEW|PASS OLD|DISCONNECT|(?:WHITE|ALLOW)LIST(?:ED| VETO)|(?:BLACK|DENY)LISTED) ',
  CLIENT,
  '(?<text>(?: to \\S+)?)$',
)
/** What a client wrote stands behind its address. */
const AFTER = line(
  '(?<what>PREGREET \\d+ after [\\d.]+ from|HANGUP after [\\d.]+ from|DNSBL rank -?\\d+ for) ',
  CLIENT,
  '(?<text>.*)$',
)
const TESTED = line(
  '(?<what>BARE NEWLINE from|COMMAND (?:COUNT|LENGTH|TIME) LIMIT from|COMMAND PIPELINING from|NON-SMTP COMMAND from|(?:DATA|BDAT) without valid RCPT from) ',
  CLIENT,
  '(?<text>.*)$',
)

export const postscreenEntries: readonly LineEntry[] = [
  { example: 'CONNECT from [192.0.2.1]:2525 to [192.0.2.2]:25', pattern: PLAIN, event: screened },
  { example: 'PASS NEW [2001:db8::1]:2525', pattern: PLAIN, event: screened },
  { example: 'DENYLISTED [192.0.2.1]:2525', pattern: PLAIN, event: screened },
  { example: 'PREGREET 14 after 0.22 from [192.0.2.1]:2525: EHLO x\\r\\n', pattern: AFTER, event: screened },
  { example: 'HANGUP after 1.2 from [192.0.2.1]:2525 in tests before SMTP handshake', pattern: AFTER, event: screened },
  { example: 'DNSBL rank 6 for [192.0.2.1]:2525', pattern: AFTER, event: screened },
  { example: 'COMMAND PIPELINING from [192.0.2.1]:2525 after RCPT: DATA', pattern: TESTED, event: screened },
  { example: 'NON-SMTP COMMAND from [192.0.2.1]:2525 after CONNECT: GET / HTTP/1.1', pattern: TESTED, event: screened },
  ...verdictEntries('postscreen', [
    'NOQUEUE: reject: RCPT from [192.0.2.1]:2525: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.example; from=<a@x>, to=<b@y>, proto=ESMTP, helo=<h>',
    'NOQUEUE: reject: CONNECT from [192.0.2.1]:2525: too many connections',
  ]),
  {
    example: 'reject: connect from [192.0.2.1]:2525: all screening ports busy',
    pattern: line('reject: connect from ', CLIENT, ': '),
  },
  { example: 'entering STRESS mode with 90 connections', pattern: /^(?:entering|leaving) STRESS mode with / },
  {
    example: 'cache btree:/var/lib/postfix/postscreen_cache full cleanup: retained=1 dropped=0 entries',
    pattern: /^cache \S+ (?:full|partial) cleanup: /,
  },
  {
    example: 'using backwards-compatible default setting respectful_logging=no for client [192.0.2.1]:2525',
    pattern: /^using backwards-compatible default setting /,
  },
  {
    example: 'table hash:/etc/postfix/x has changed - finishing in the background',
    pattern: /^table .* has changed - finishing/,
  },
]
