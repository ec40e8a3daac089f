import { findMxBackup } from '../engine/mx_backup.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Lets mail pass for domains that name us as a backup mail exchanger. */
export const permit_mx_backup = restriction({
  name: 'permit_mx_backup',
  needs: 'recipient',
  params: ['allow_untrusted_routing', 'permit_mx_backup_networks', 'inet_protocols'],
  doc: `Permit the request when this host is a mail exchanger of the recipient domain but not its primary one
    (permit_mx_backup_networks limits where the primary ones may be), or when the recipient is ours anyway.`,
  check(c) {
    const { recipient } = c.facts
    return recipient === null ? DUNNO : findMxBackup(c, { name: recipient, class: 'Recipient address' })
  },
})
