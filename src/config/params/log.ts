import { postfixParams } from '../param.ts'
import { filledText, int, matchList, oneOf, text, yesNo } from '../types.ts'

const param = postfixParams('log')

export const logParams = [
  param({
    name: 'syslog_name',
    type: filledText(),
    default: '${multi_instance_name?{$multi_instance_name}:{postfix}}',
    doc: `The name in front of each log line, with "/smtpd" behind it. What Postgrey and the like would say bears their names; with
      an empty postern_smtp_listen the rest is said by "postern", so that nobody takes it for the words of the Postfix that asks
      here.`,
  }),
  param({
    name: 'syslog_facility',
    type: oneOf(
      'auth',
      'authpriv',
      'cron',
      'daemon',
      'ftp',
      'kern',
      'lpr',
      'mail',
      'news',
      'security',
      'syslog',
      'user',
      'uucp',
      'local0',
      'local1',
      'local2',
      'local3',
      'local4',
      'local5',
      'local6',
      'local7',
    ),
    default: 'mail',
    doc: 'The syslog facility of log lines.',
  }),
  param({
    name: 'maillog_file',
    type: text(),
    default: '',
    doc: 'The file that Postfix logs to. Postern: postern_log.',
  }),
  param({
    name: 'debug_peer_list',
    type: matchList(),
    default: '',
    doc: 'Clients of whom more is logged.',
  }),
  param({
    name: 'debug_peer_level',
    type: int({ min: 1 }),
    default: '2',
    doc: 'How much more.',
  }),
  param({
    name: 'bounce_notice_recipient',
    type: text(),
    default: 'postmaster',
    doc: "Who gets Postfix's notices about bounces; known, unused.",
  }),
  param({
    name: 'error_notice_recipient',
    type: text(),
    default: 'postmaster',
    doc: "Who gets Postfix's notices about errors; known, unused.",
  }),
  param({
    name: 'helpful_warnings',
    type: yesNo(),
    default: 'yes',
    doc: 'Log warnings about settings that look wrong.',
  }),
] as const
