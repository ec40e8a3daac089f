import { restriction } from '../engine/restriction.ts'
import { PERMIT } from '../model/verdict.ts'

/** Lets the request pass this list. */
export const permit = restriction({
  name: 'permit',
  needs: 'moment',
  final: true,
  params: [],
  doc: 'Permit the request: ends the list. A later list may still refuse.',
  check: () => PERMIT,
})
