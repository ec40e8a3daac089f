import type { ClientCert } from '../model/facts.ts'

/** A connection as the SMTP session sees it: bytes in, bytes out, TLS half-way. Tests use one in memory. */
export interface ByteStream {
  /** The next bytes, as soon as there are some; null: the other side has closed, or the connection broke. One reader at a time. */
  read(): Promise<Uint8Array | null>
  /** What has arrived by now, without waiting for more than a turn of the event loop; null: nothing. */
  poll(): Promise<Uint8Array | null>
  /** Never blocks, never throws; after a break it does nothing. */
  write(bytes: Uint8Array): void
  /** Resolves when the kernel has taken most of it; false: the connection is gone. */
  drained(): Promise<boolean>
  /** Server side handshake. Bytes that came before it are forgotten. */
  startTls(options: TlsServerOptions): Promise<TlsStarted>
  /** Sends what is written, then closes our side; resolves when the other side has closed, too. */
  end(): Promise<void>
  destroy(): void
}

export interface TlsServerOptions {
  readonly context: TlsServerContext
  /** Ask for a client certificate (smtpd_tls_ask_ccert, smtpd_tls_req_ccert). It is not refused here. */
  readonly askClientCert: boolean
}

/** Made by net/tls.ts from the smtpd_tls_* parameters. Opaque to the session. */
export interface TlsServerContext {
  readonly kind: 'tls_context'
  readonly fingerprintDigest: string
}

export type TlsStarted =
  | { readonly ok: true; readonly info: TlsInfo }
  /** `reason` for the log: "lost connection", or what OpenSSL says. */
  | { readonly ok: false; readonly reason: string }

export interface TlsInfo {
  /** "TLSv1.3" */
  readonly protocol: string
  /** OpenSSL name: "TLS_AES_256_GCM_SHA384". */
  readonly cipher: string
  readonly keyBits: number
  readonly sessionReused: boolean
  readonly clientCert: ClientCert | null
}
