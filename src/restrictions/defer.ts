import { restriction } from '../engine/restriction.ts'
import { reject as refuse } from '../model/verdict.ts'

/** Tells the client to come back later. */
export const defer = restriction({
  name: 'defer',
  needs: 'moment',
  final: true,
  params: ['defer_code'],
  doc: 'Defer the request with defer_code (default: 450). Useful at the end of a list while it is being tried out.',
  check: ({ config, subject }) =>
    refuse(config.defer_code, '3.2', `<${subject.name}>: ${subject.class} rejected: Try again later`),
})
