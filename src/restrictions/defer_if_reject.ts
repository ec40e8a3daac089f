import { restriction } from '../engine/restriction.ts'
import { deferIfReject } from '../model/verdict.ts'

/** Turns a later reject into a deferral. */
export const defer_if_reject = restriction({
  name: 'defer_if_reject',
  needs: 'moment',
  params: [],
  doc: 'Defer the request if some later restriction would reject it. The list goes on; the first such cause is the one told.',
  check: ({ subject }) =>
    deferIfReject(450, '7.0', `<${subject.name}>: ${subject.class} rejected: defer_if_reject requested`),
})
