import type { Dialogue } from './dialogue.ts'

/** Ends the session because a list or table that it cannot do without does not answer. Postfix: SMTP_ERR_DATA. */
export async function endForDataError(d: Dialogue): Promise<void> {
  const reply = `421 4.3.0 ${d.config.myhostname} Server local data error`
  d.log.info(client => `${d.queueIdOrNot}: reject: ${d.where} from ${client}: ${reply}`)
  await d.reply(reply)
  d.hangup = true
}
