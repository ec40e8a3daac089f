/** SMTP AUTH behind an interface, so that the session does not know who checks passwords. RFC 4954 */

export interface SaslClientInfo {
  readonly clientAddress: string
  readonly serverAddress: string
  readonly encrypted: boolean
  /** smtpd_sasl_service */
  readonly service: string
  /** smtpd_sasl_security_options, or …_tls_… */
  readonly securityOptions: readonly string[]
}

export interface SaslServer {
  /** The mechanisms that the options allow, as announced; null: the server cannot be asked. */
  mechanisms(info: SaslClientInfo): Promise<readonly string[] | null>
  begin(info: SaslClientInfo, mechanism: string, initialResponse: string | null): Promise<SaslStep>
  close(): void
}

export type SaslStep =
  /** Base64, goes out as "334 …". */
  | { readonly kind: 'challenge'; readonly text: string; answer(response: string): Promise<SaslStep>; cancel(): void }
  | { readonly kind: 'done'; readonly username: string }
  | { readonly kind: 'failed' | 'temporary'; readonly reason: string; readonly username: string | null }
