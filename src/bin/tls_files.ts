import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { TlsServerContext } from '../net/byte_stream.ts'
import { makeTlsContext } from '../net/tls.ts'
import { tlsPolicy } from '../smtp/settings.ts'
import { errnoText } from '../util/errno_text.ts'

/** Certificate and key of STARTTLS as main.cf names them; null without; a problem when they cannot be used. */
export function readTls(config: Config): { readonly tls: TlsServerContext | null } | { readonly problem: string } {
  if (!tlsPolicy(config).offered) return { tls: null }
  const chains = chainFiles(config)
  if (chains.length === 0) return { tls: null }
  try {
    return {
      tls: makeTlsContext({
        chains: chains.map(({ cert, key }) => ({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') })),
        ca: authorities(config),
        protocols: tlsPolicy(config).required ? config.smtpd_tls_mandatory_protocols : config.smtpd_tls_protocols,
        ciphers: null,
        fingerprintDigest: config.smtpd_tls_fingerprint_digest,
      }),
    }
  } catch (error) {
    return { problem: `cannot use the TLS certificate: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** What client certificates are checked against; null: nothing. */
function authorities({ smtpd_tls_CAfile: file, smtpd_tls_CApath: directory }: Config): string | null {
  const texts = [
    ...(file === '' ? [] : [readFileSync(file, 'utf8')]),
    ...hashedFiles(directory).flatMap(name => readAuthority(name) ?? []),
  ]
  return texts.length === 0 ? null : texts.join('\n')
}

function readAuthority(name: string): string | null {
  try {
    return readFileSync(name, 'utf8')
  } catch {
    return null
  }
}

/** Why no authority of smtpd_tls_CApath counts; null: they do, or there is none to count. */
export function authoritiesProblem({ smtpd_tls_CApath: directory }: Config): string | null {
  if (directory === '') return null
  try {
    readdirSync(directory)
    return null
  } catch (error) {
    return `cannot read smtpd_tls_CApath ${directory}: ${errnoText(error)}: no client certificate is checked against it`
  }
}

/**
 * The files of a directory that OpenSSL looks at: those that c_rehash(1) has named, "5f15c80c.0". It looks for one when it needs it,
 * so that to Postfix a directory that is not there is one without authorities.
 */
function hashedFiles(directory: string): readonly string[] {
  if (directory === '') return []
  try {
    return readdirSync(directory)
      .filter(name => /^[0-9a-f]{8}\.\d+$/.test(name))
      .map(name => join(directory, name))
  } catch {
    return []
  }
}

interface ChainFile {
  readonly cert: string
  readonly key: string
}

/** smtpd_tls_chain_files holds keys and certificates together; else the older parameters, one pair for each algorithm. */
function chainFiles(config: Config): readonly ChainFile[] {
  if (config.smtpd_tls_chain_files.length > 0)
    return config.smtpd_tls_chain_files.map(file => ({ cert: file, key: file }))
  const pairs = [
    [config.smtpd_tls_cert_file, config.smtpd_tls_key_file],
    [config.smtpd_tls_eccert_file, config.smtpd_tls_eckey_file],
  ] as const
  return pairs.flatMap(([cert, key]) =>
    cert === '' || cert === 'none' ? [] : [{ cert, key: key === '' ? cert : key }],
  )
}
