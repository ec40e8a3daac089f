import type { Resolver } from '../../dns/resolver.ts'
import type { SignatureAnswer } from '../../model/mail_auth.ts'
import type { Clock } from '../../util/clock.ts'

/** What the verifiers of all messages share; `verifier.ts` makes them, with `signatureDefaults` for the limits. */
export interface SignatureOptions extends SignatureLimits {
  readonly resolver: Resolver
  readonly clock: Clock
}

export interface SignatureLimits {
  /** DKIM signatures of one message that are verified, those of the author's domain first; of the rest one is answered, with 'policy'. */
  readonly maxSignatures: number
  /** RSA keys of fewer or more bits give 'policy'. RFC 8301 3.2: fewer than 1024 never count, 1024 to 4096 must. */
  readonly minKeyBits: number
  readonly maxKeyBits: number
  /** Bytes of header that are kept; with more no signature is verified ('policy', and no sound chain). */
  readonly maxHeaderBytes: number
  /** From the end of the header; what is not known then is a temperror. Seconds. */
  readonly timeLimit: number
}

/** Makes one verifier for each message; keeps the keys it has read, by their text. */
export interface SignatureVerifiers {
  open(): SignatureVerifier
}

/**
 * Verifies the DKIM signatures and the ARC chain of one message that streams by. Keeps no more of it than the header. Asks for all
 * keys at once when the header is complete, which is at the first body() or at end(). Never throws, whatever the bytes.
 */
export interface SignatureVerifier {
  /** One field as it came: "Name: value" with its folded lines, CRLF between them, none at the end. */
  header(field: Uint8Array): void
  /** The next piece of the body, of any size. It may be reused after the call. */
  body(chunk: Uint8Array): void
  /** After the last piece, once. Never rejects. */
  end(): Promise<SignatureAnswer>
}
