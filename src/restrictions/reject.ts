import { restriction } from '../engine/restriction.ts'
import { reject as refuse } from '../model/verdict.ts'

/** Refuses whatever got this far. */
export const reject = restriction({
  name: 'reject',
  needs: 'moment',
  final: true,
  params: ['reject_code'],
  doc: 'Reject the request with reject_code (default: 554). Useful at the end of a list.',
  check: ({ config, subject }) =>
    refuse(config.reject_code, '7.1', `<${subject.name}>: ${subject.class} rejected: Access denied`),
})
