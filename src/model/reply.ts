/** "7.1" of "4.7.1": subject and detail. The class digit always comes from the reply code. RFC 3463 2. */
export type StatusDetail = `${number}.${number}`

/** One refusal, as restrictions make it. `formatReply` puts the pieces together. */
export interface Reply {
  /** 400..599 */
  readonly code: number
  readonly detail: StatusDetail
  /** Without code and status; never with line breaks. */
  readonly text: string
}

/** "450 4.7.1 text". */
export function formatReply(reply: Reply): string {
  return `${reply.code} ${Math.trunc(reply.code / 100)}.${reply.detail} ${reply.text}`
}
