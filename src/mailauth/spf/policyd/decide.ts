import type { AskSpf, SpfAnswer, SpfIdentity, SpfRequest, SpfResult } from '../../../model/spf.ts'
import { capitalised, detailOf, reasonOf, refusalText, resultHeader, type Shown } from './header.ts'
import type { RejectRule, SpfPolicySettings } from './settings.ts'

/** What policyd-spf makes of one message, before TestOnly and Header_Type. */
export type Decision =
  | { readonly kind: 'prepend'; readonly text: string }
  | { readonly kind: 'reject' | 'defer'; readonly text: string; readonly isError: boolean }
  /** The admin's own restriction, because the identity passed. */
  | { readonly kind: 'restriction'; readonly text: string }
  | { readonly kind: 'dunno' }

export interface Decided {
  readonly decision: Decision
  /** Lines of debugLevel 2. */
  readonly details: readonly string[]
}

const DUNNO: Decision = { kind: 'dunno' }
/** The record of a domain that sends no mail (No_Mail). */
const NO_MAIL = 'v=spf1 -all'

/** Results that each rule refuses. */
const REFUSED: Readonly<Record<RejectRule, readonly SpfResult[]>> = {
  false: [],
  no_check: [],
  fail: ['fail'],
  null: ['fail'],
  softfail: ['fail', 'softfail'],
  spf_not_pass: ['fail', 'softfail', 'neutral'],
}

interface Judged {
  readonly answer: SpfAnswer
  readonly reason: string
  readonly action: 'reject' | 'defer' | 'prepend' | 'dunno'
}

/** HELO first, then MAIL FROM, as policyd-spf's _spfcheck does; both are asked at once. */
export async function decide(
  { request, shown }: { readonly request: SpfRequest; readonly shown: Shown },
  ask: AskSpf,
  settings: SpfPolicySettings,
): Promise<Decided> {
  const sender = request.sender.toLowerCase()
  if (sender === '' && request.helo === '') return { decision: DUNNO, details: [] }
  const wantsHelo = settings.heloReject !== 'no_check'
  const wantsSender = sender !== '' && settings.mailFromReject !== 'no_check'
  const [heloAnswer, senderAnswer] = await Promise.all([
    wantsHelo ? ask('helo') : null,
    wantsSender ? ask('mailfrom') : null,
  ])
  const details: string[] = []
  const note = (identity: SpfIdentity, { result }: SpfAnswer): void => {
    details.push(`${capitalised(result)}; ${detailOf(identity, shown)}`)
  }
  const helo = heloAnswer === null ? null : judgeHelo(heloAnswer, shown.helo, { sender, settings })
  if (helo !== null) {
    note('helo', helo.answer)
    const refusal = refusalOf(helo, { kind: 'helo', id: shown.helo }, { shown, settings })
    if (refusal !== null) return { decision: refusal, details }
  }
  const from = senderAnswer === null ? null : judgeSender(senderAnswer, sender, settings)
  if (from !== null && (from.answer.result !== 'none' || helo === null || helo.answer.result === 'none'))
    note('mailfrom', from.answer)
  return { decision: settle({ helo, from }, sender, { shown, settings }), details }
}

interface Context {
  readonly shown: Shown
  readonly settings: SpfPolicySettings
}

function settle(judged: { helo: Judged | null; from: Judged | null }, sender: string, context: Context): Decision {
  const { helo, from } = judged
  const { settings, shown } = context
  if (from?.answer.result === 'pass' && settings.mailFromPassRestriction !== '')
    return { kind: 'restriction', text: settings.mailFromPassRestriction }
  if (helo?.answer.result === 'pass' && settings.heloPassRestriction !== '')
    return { kind: 'restriction', text: settings.heloPassRestriction }
  if (from !== null) {
    const refusal = refusalOf(from, { kind: 'mfrom', id: sender }, context)
    if (refusal !== null) return refusal
  }
  // A domain without a record says nothing; the HELO name may.
  const told =
    from === null || (from.answer.result === 'none' && helo !== null && helo.answer.result !== 'none') ? helo : from
  if (told === null || (from === null && told.action === 'dunno')) return DUNNO
  return { kind: 'prepend', text: resultHeader({ ...told, shown }, settings) }
}

function judgeHelo(answer: SpfAnswer, helo: string, at: { sender: string; settings: SpfPolicySettings }): Judged {
  const { settings } = at
  const listed = settings.rejectNotPassDomains.has(helo)
  const reason = reasonOf(answer, listed)
  // "Null": only mail without a sender is judged by its HELO name.
  if (settings.heloReject === 'null' && at.sender !== '') return { answer, reason, action: 'dunno' }
  return { answer, reason, action: actionOf(answer.result, listed ? 'spf_not_pass' : settings.heloReject, settings) }
}

function judgeSender(answer: SpfAnswer, sender: string, settings: SpfPolicySettings): Judged {
  const listed = settings.rejectNotPassDomains.has(sender.slice(sender.lastIndexOf('@') + 1))
  const rule = listed ? 'spf_not_pass' : settings.mailFromReject
  return { answer, reason: reasonOf(answer, listed), action: actionOf(answer.result, rule, settings) }
}

function actionOf(result: SpfResult, rule: RejectRule, settings: SpfPolicySettings): 'reject' | 'defer' | 'prepend' {
  // "False" never refuses, errors included.
  if (rule === 'false') return 'prepend'
  if (REFUSED[rule].includes(result)) return 'reject'
  if (result === 'temperror' && settings.tempErrorDefer) return 'defer'
  if (result === 'permerror' && settings.permErrorReject) return 'reject'
  return 'prepend'
}

function refusalOf(judged: Judged, id: { kind: string; id: string }, { shown, settings }: Context): Decision | null {
  const { answer, action, reason } = judged
  if (action !== 'reject' && action !== 'defer') return null
  if (action === 'reject' && settings.noMail && answer.record !== NO_MAIL) return null
  const text = refusalText({ refused: action === 'reject', reason, ...id }, shown, settings)
  return { kind: action, text, isError: answer.result === 'permerror' || answer.result === 'temperror' }
}
