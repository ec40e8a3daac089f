import { postfixParams } from '../param.ts'
import { duration, filledText, int, text } from '../types.ts'

const param = postfixParams('policy')

export const policyParams = [
  param({
    name: 'smtpd_policy_service_timeout',
    type: duration(1),
    default: '100s',
    doc: 'How long a policy server may take to connect or to answer.',
  }),
  param({
    name: 'smtpd_policy_service_max_idle',
    type: duration(1),
    default: '300s',
    doc: 'How long an unused connection to a policy server is kept.',
  }),
  param({
    name: 'smtpd_policy_service_max_ttl',
    type: duration(1),
    default: '1000s',
    doc: 'How long a connection to a policy server is used at all.',
  }),
  param({
    name: 'smtpd_policy_service_request_limit',
    type: int(),
    default: '0',
    doc: 'The most requests over one connection; 0: no limit.',
  }),
  param({
    name: 'smtpd_policy_service_try_limit',
    type: int({ min: 1 }),
    default: '2',
    doc: 'How often a request is tried.',
  }),
  param({
    name: 'smtpd_policy_service_retry_delay',
    type: duration(1),
    default: '1s',
    doc: 'The wait before the next try.',
  }),
  param({
    name: 'smtpd_policy_service_default_action',
    type: filledText(),
    default: '451 4.3.5 Server configuration problem',
    doc: 'What is done when a policy server does not answer: an access(5) action.',
  }),
  param({
    name: 'smtpd_policy_service_policy_context',
    type: text(),
    default: '',
    doc: 'Sent to policy servers as policy_context=.',
  }),
] as const
