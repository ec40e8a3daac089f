import { restriction } from '../engine/restriction.ts'
import { deferIfPermit } from '../model/verdict.ts'

/** Turns a later permit into a deferral. */
export const defer_if_permit = restriction({
  name: 'defer_if_permit',
  needs: 'moment',
  params: [],
  doc: 'Defer the request if some later restriction would permit it. The list goes on; the first such cause is the one told.',
  check: ({ subject }) =>
    deferIfPermit(450, '7.0', `<${subject.name}>: ${subject.class} rejected: defer_if_permit requested`),
})
