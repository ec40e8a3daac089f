import { restriction } from '../engine/restriction.ts'
import { DUNNO, reject } from '../model/verdict.ts'

/** Refuses clients that talk before their turn, as spamware does. */
export const reject_unauth_pipelining = restriction({
  name: 'reject_unauth_pipelining',
  needs: 'moment',
  params: [],
  doc: `Reject the request when the client sends SMTP commands ahead of time where it is not allowed (RFC 2920), or
    without knowing that the server supports pipelining.`,
  check({ facts, subject }) {
    if (!facts.pipelinedEarly) return DUNNO
    return reject(503, '5.0', `<${subject.name}>: ${subject.class} rejected: Improper use of SMTP command pipelining`)
  },
})
