/** Writes the generated documents; with --check only says which of them are out of date. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderParameters } from '../src/config/document.ts'
import { registry } from '../src/restrictions/index.ts'
import { renderRestrictions } from './restrictions_doc.ts'
import { renderRfcIndex } from './rfc_index.ts'
import { REPOSITORY, report } from './tree.ts'

interface Document {
  readonly path: string
  readonly text: string
}

/** Of `documents`, those whose file under `root` says something else. */
export function outOfDate(root: string, documents: readonly Document[]): readonly string[] {
  return documents
    .filter(document => readOr(join(root, document.path), '') !== document.text)
    .map(document => document.path)
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}

function main(): never {
  const rfc = renderRfcIndex(REPOSITORY)
  const documents: readonly Document[] = [
    { path: 'docs/parameters.md', text: renderParameters() },
    { path: 'docs/restrictions.md', text: renderRestrictions(registry) },
    { path: 'docs/rfc.md', text: rfc.text },
  ]
  const old = outOfDate(REPOSITORY, documents)
  if (process.argv.includes('--check')) {
    return report('docs', [...rfc.problems, ...old.map(path => `${path} is out of date: run "npm run docs"`)])
  }
  for (const document of documents.filter(({ path }) => old.includes(path))) {
    writeFileSync(join(REPOSITORY, document.path), document.text)
    process.stdout.write(`wrote ${document.path}\n`)
  }
  return report('docs', rfc.problems)
}

if (import.meta.main) main()
