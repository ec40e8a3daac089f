/** Private keys and secrets that main.cf names; what cannot be used is a problem of the configuration. */
import type { Config } from '../config/config.ts'
import { readSigningKey, type SigningKey } from '../mailauth/dkim/sign.ts'
import { ConfFileError, readConfFile } from './conf_files.ts'

export type KeyProblem = {
  /** The parameter that has to be mended. */
  readonly name: string
  readonly problem: string
}

export type SealConfig = Pick<
  Config,
  'postern_arc_seal_domain' | 'postern_arc_seal_selector' | 'postern_arc_seal_key_file'
>

/** Who seals; null: nobody. */
export function readSealKey(config: SealConfig): SigningKey | KeyProblem | null {
  const { postern_arc_seal_domain: domain, postern_arc_seal_selector: selector } = config
  if (domain === '') return null
  return readKey('postern_arc_seal_key_file', { file: config.postern_arc_seal_key_file, domain, selector })
}

export type ReportKeyConfig = Pick<
  Config,
  | 'postern_arc_seal_domain'
  | 'postern_dmarc_report_from'
  | 'postern_dmarc_report_dkim_domain'
  | 'postern_dmarc_report_dkim_selector'
  | 'postern_dmarc_report_dkim_key_file'
>

/** Who signs DMARC reports; null: nobody. */
export function readReportKey(config: ReportKeyConfig): SigningKey | KeyProblem | null {
  const { postern_dmarc_report_dkim_domain: domain, postern_dmarc_report_dkim_selector: selector } = config
  if (config.postern_dmarc_report_from === '' || domain === '') return null
  const author = config.postern_dmarc_report_from.replace(/^.*@/s, '').toLowerCase()
  // RFC 9989 4.4.1: a signature by another domain proves nothing, and would look as if it did.
  if (author !== domain.toLowerCase() && !author.endsWith(`.${domain.toLowerCase()}`)) {
    // Who seals under another name than he reports under has not asked for it.
    if (domain === config.postern_arc_seal_domain) return null
    const remedy = `expected ${author}, or a domain above it, or nothing for reports without a signature`
    return {
      name: 'postern_dmarc_report_dkim_domain',
      problem: `cannot use "${domain}" for postern_dmarc_report_dkim_domain: ${remedy}`,
    }
  }
  return readKey('postern_dmarc_report_dkim_key_file', {
    file: config.postern_dmarc_report_dkim_key_file,
    domain,
    selector,
  })
}

function readKey(
  name: string,
  { file, domain, selector }: { readonly file: string; readonly domain: string; readonly selector: string },
): SigningKey | KeyProblem {
  if (file === '') return { name, problem: `${name} has to name the private key of ${selector}._domainkey.${domain}` }
  try {
    return readSigningKey({ domain, selector, pem: readConfFile(name, file) })
  } catch (error) {
    if (error instanceof ConfFileError) return { name, problem: error.message }
    const text = error instanceof Error ? error.message : String(error)
    return { name, problem: `${name}: ${file} holds no private key that signs mail: ${text}` }
  }
}

export type SrsConfig = Pick<Config, 'postern_srs_domain' | 'postern_srs_secret_file'>

/** Four letters of the hash stand in an address; with a secret that can be guessed everybody could make them. */
const MIN_SECRET = 8

/** The secrets of senders that are rewritten, the first of which signs; null: none is rewritten. */
export function readSrsSecrets(config: SrsConfig): readonly string[] | KeyProblem | null {
  if (config.postern_srs_domain === '') return null
  const name = 'postern_srs_secret_file'
  const file = config.postern_srs_secret_file
  if (file === '') return { name, problem: `${name} has to name a file with a secret in it` }
  try {
    const secrets = readConfFile(name, file)
      .split('\n')
      .map(line => line.trim())
      .filter(line => line !== '')
    if (secrets.length === 0) return { name, problem: `${name}: ${file} holds no secret` }
    const short = secrets.findIndex(secret => Buffer.byteLength(secret) < MIN_SECRET)
    if (short < 0) return secrets
    return { name, problem: `${name}: secret ${short + 1} in ${file} is shorter than ${MIN_SECRET} characters` }
  } catch (error) {
    if (error instanceof ConfFileError) return { name, problem: error.message }
    throw error
  }
}

/** Everything of these that a configuration wants and cannot have. */
export function findKeyProblems(config: SealConfig & ReportKeyConfig & SrsConfig): readonly KeyProblem[] {
  const read = [readSealKey(config), readSrsSecrets(config), readReportKey(config)]
  return read.flatMap(each => (each !== null && 'problem' in each ? [each] : []))
}
