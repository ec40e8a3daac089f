import { Registry } from '../engine/registry.ts'
import { check_ccert_access } from './check_ccert_access.ts'
import { check_client_a_access } from './check_client_a_access.ts'
import { check_client_access } from './check_client_access.ts'
import { check_client_mx_access } from './check_client_mx_access.ts'
import { check_client_ns_access } from './check_client_ns_access.ts'
import { check_dmarc } from './check_dmarc.ts'
import { check_etrn_access } from './check_etrn_access.ts'
import { check_greylist } from './check_greylist.ts'
import { check_helo_a_access } from './check_helo_a_access.ts'
import { check_helo_access } from './check_helo_access.ts'
import { check_helo_mx_access } from './check_helo_mx_access.ts'
import { check_helo_ns_access } from './check_helo_ns_access.ts'
import { check_policy_service } from './check_policy_service.ts'
import { check_recipient_a_access } from './check_recipient_a_access.ts'
import { check_recipient_access } from './check_recipient_access.ts'
import { check_recipient_mx_access } from './check_recipient_mx_access.ts'
import { check_recipient_ns_access } from './check_recipient_ns_access.ts'
import { check_relay_domains } from './check_relay_domains.ts'
import { check_reverse_client_hostname_a_access } from './check_reverse_client_hostname_a_access.ts'
import { check_reverse_client_hostname_access } from './check_reverse_client_hostname_access.ts'
import { check_reverse_client_hostname_mx_access } from './check_reverse_client_hostname_mx_access.ts'
import { check_reverse_client_hostname_ns_access } from './check_reverse_client_hostname_ns_access.ts'
import { check_sasl_access } from './check_sasl_access.ts'
import { check_sender_a_access } from './check_sender_a_access.ts'
import { check_sender_access } from './check_sender_access.ts'
import { check_sender_mx_access } from './check_sender_mx_access.ts'
import { check_sender_ns_access } from './check_sender_ns_access.ts'
import { check_spf } from './check_spf.ts'
import { defer } from './defer.ts'
import { defer_if_permit } from './defer_if_permit.ts'
import { defer_if_reject } from './defer_if_reject.ts'
import { defer_unauth_destination } from './defer_unauth_destination.ts'
import { permit } from './permit.ts'
import { permit_auth_destination } from './permit_auth_destination.ts'
import { permit_dnswl_client } from './permit_dnswl_client.ts'
import { permit_inet_interfaces } from './permit_inet_interfaces.ts'
import { permit_mx_backup } from './permit_mx_backup.ts'
import { permit_mynetworks } from './permit_mynetworks.ts'
import { permit_naked_ip_address } from './permit_naked_ip_address.ts'
import { permit_rhswl_client } from './permit_rhswl_client.ts'
import { permit_sasl_authenticated } from './permit_sasl_authenticated.ts'
import { permit_tls_all_clientcerts } from './permit_tls_all_clientcerts.ts'
import { permit_tls_clientcerts } from './permit_tls_clientcerts.ts'
import { reject } from './reject.ts'
import { reject_authenticated_sender_login_mismatch } from './reject_authenticated_sender_login_mismatch.ts'
import { reject_invalid_helo_hostname } from './reject_invalid_helo_hostname.ts'
import { reject_known_sender_login_mismatch } from './reject_known_sender_login_mismatch.ts'
import { reject_maps_rbl } from './reject_maps_rbl.ts'
import { reject_multi_recipient_bounce } from './reject_multi_recipient_bounce.ts'
import { reject_non_fqdn_helo_hostname } from './reject_non_fqdn_helo_hostname.ts'
import { reject_non_fqdn_recipient } from './reject_non_fqdn_recipient.ts'
import { reject_non_fqdn_sender } from './reject_non_fqdn_sender.ts'
import { reject_plaintext_session } from './reject_plaintext_session.ts'
import { reject_rbl_client } from './reject_rbl_client.ts'
import { reject_rhsbl_client } from './reject_rhsbl_client.ts'
import { reject_rhsbl_helo } from './reject_rhsbl_helo.ts'
import { reject_rhsbl_recipient } from './reject_rhsbl_recipient.ts'
import { reject_rhsbl_reverse_client } from './reject_rhsbl_reverse_client.ts'
import { reject_rhsbl_sender } from './reject_rhsbl_sender.ts'
import { reject_sender_login_mismatch } from './reject_sender_login_mismatch.ts'
import { reject_unauth_destination } from './reject_unauth_destination.ts'
import { reject_unauth_pipelining } from './reject_unauth_pipelining.ts'
import { reject_unauthenticated_sender_login_mismatch } from './reject_unauthenticated_sender_login_mismatch.ts'
import { reject_unknown_client_hostname } from './reject_unknown_client_hostname.ts'
import { reject_unknown_helo_hostname } from './reject_unknown_helo_hostname.ts'
import { reject_unknown_recipient_domain } from './reject_unknown_recipient_domain.ts'
import { reject_unknown_reverse_client_hostname } from './reject_unknown_reverse_client_hostname.ts'
import { reject_unknown_sender_domain } from './reject_unknown_sender_domain.ts'
import { reject_unlisted_recipient } from './reject_unlisted_recipient.ts'
import { reject_unlisted_sender } from './reject_unlisted_sender.ts'
import { reject_unverified_recipient } from './reject_unverified_recipient.ts'
import { reject_unverified_sender } from './reject_unverified_sender.ts'
import { sleep } from './sleep.ts'

/** Adding a restriction: write its file, add its line here, in the order of postconf(5). */
export const registry = new Registry([
  // any list
  permit,
  reject,
  defer,
  defer_if_permit,
  defer_if_reject,
  sleep,
  reject_unauth_pipelining,
  reject_plaintext_session,
  reject_multi_recipient_bounce,
  check_policy_service,
  // smtpd_client_restrictions
  permit_inet_interfaces,
  permit_mynetworks,
  permit_sasl_authenticated,
  permit_tls_all_clientcerts,
  permit_tls_clientcerts,
  check_ccert_access,
  check_client_access,
  check_client_a_access,
  check_client_mx_access,
  check_client_ns_access,
  check_reverse_client_hostname_access,
  check_reverse_client_hostname_a_access,
  check_reverse_client_hostname_mx_access,
  check_reverse_client_hostname_ns_access,
  check_sasl_access,
  reject_rbl_client,
  reject_maps_rbl,
  permit_dnswl_client,
  reject_rhsbl_client,
  permit_rhswl_client,
  reject_rhsbl_reverse_client,
  reject_unknown_client_hostname,
  reject_unknown_reverse_client_hostname,
  // smtpd_helo_restrictions
  check_helo_access,
  check_helo_a_access,
  check_helo_mx_access,
  check_helo_ns_access,
  reject_invalid_helo_hostname,
  reject_non_fqdn_helo_hostname,
  reject_rhsbl_helo,
  reject_unknown_helo_hostname,
  permit_naked_ip_address,
  // smtpd_sender_restrictions
  check_sender_access,
  check_sender_a_access,
  check_sender_mx_access,
  check_sender_ns_access,
  reject_authenticated_sender_login_mismatch,
  reject_known_sender_login_mismatch,
  reject_non_fqdn_sender,
  reject_rhsbl_sender,
  reject_sender_login_mismatch,
  reject_unauthenticated_sender_login_mismatch,
  reject_unknown_sender_domain,
  reject_unlisted_sender,
  reject_unverified_sender,
  // smtpd_relay_restrictions, smtpd_recipient_restrictions
  check_recipient_access,
  check_recipient_a_access,
  check_recipient_mx_access,
  check_recipient_ns_access,
  permit_auth_destination,
  permit_mx_backup,
  reject_non_fqdn_recipient,
  reject_rhsbl_recipient,
  reject_unauth_destination,
  defer_unauth_destination,
  reject_unknown_recipient_domain,
  reject_unlisted_recipient,
  reject_unverified_recipient,
  check_relay_domains,
  // Postern's own
  check_spf,
  check_dmarc,
  check_greylist,
  // smtpd_etrn_restrictions
  check_etrn_access,
])
