/** Compares the folder of restrictions with the registry: a file that is not listed would silently not be there. */
import { basename } from 'node:path'
import { blankNonCode } from './source_text.ts'
import { isTest, REPOSITORY, readTree, report, type SourceFile } from './tree.ts'

const FOLDER = 'src/restrictions'
const REGISTRY = `${FOLDER}/index.ts`

/** Every breach in the tree under `root`, one sentence each. */
export function checkRegistry(root: string): readonly string[] {
  const files = readTree(root, [`${FOLDER}/*.ts`])
  const registry = files.find(file => file.path === REGISTRY)
  if (registry === undefined) return [`${REGISTRY} is missing`]
  const tests = files.filter(file => isTest(file.path))
  return files.filter(file => !isTest(file.path) && file !== registry).flatMap(file => checkFile(file, registry, tests))
}

function checkFile(file: SourceFile, registry: SourceFile, tests: readonly SourceFile[]): readonly string[] {
  const exported = [
    ...blankNonCode(file.text, { strings: 'keep' }).matchAll(
      /^export const (\w+)\s*(?::[^=]+)?=\s*\w*[rR]estriction\w*\(/gm,
    ),
  ].map(match => match[1] ?? '')
  const problems: string[] = []
  if (exported.length > 0 && !isTested(file, tests))
    problems.push(`${file.path}: no test file in ${FOLDER} is about it`)
  const code = blankNonCode(registry.text, { strings: 'blank' })
  // The import names it once, the list a second time.
  const unlisted = exported.filter(name => [...code.matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length < 2)
  return [...problems, ...unlisted.map(name => `${file.path}: ${name} is not in the list of ${REGISTRY}`)]
}

function isTested(file: SourceFile, tests: readonly SourceFile[]): boolean {
  const name = basename(file.path)
  return tests.some(test => test.path === file.path.replace(/\.ts$/, '.test.ts') || test.text.includes(`./${name}'`))
}

if (import.meta.main) report('registry', checkRegistry(REPOSITORY))
