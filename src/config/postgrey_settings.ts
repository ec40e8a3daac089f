import type { Setting } from './main_cf.ts'
import { type Problem, placedAs } from './place.ts'
import { readPostgreyOptions } from './postgrey_options.ts'

/** The variables of /etc/default/postgrey, as main.cf lines or in the environment of `postern serve`. */
export const POSTGREY_NAMES = ['POSTGREY_OPTS', 'POSTGREY_TEXT'] as const

export type PostgreyEnvironment = Readonly<Partial<Record<(typeof POSTGREY_NAMES)[number], string>>>

export interface PostgreySettings {
  /** Parameters that main.cf and -o leave to them. */
  readonly settings: readonly Setting[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** What /etc/default/postgrey sets; main.cf's line wins over the environment, and any parameter in main.cf over both. */
export function postgreySettings(
  set: ReadonlyMap<string, Setting>,
  environment: PostgreyEnvironment,
): PostgreySettings {
  const options = set.get('POSTGREY_OPTS') ?? fromEnvironment('POSTGREY_OPTS', environment)
  const text = set.get('POSTGREY_TEXT') ?? fromEnvironment('POSTGREY_TEXT', environment)
  if (options === null && text === null) return { settings: [], problems: [], warnings: [] }
  const read = readPostgreyOptions(options?.value.text ?? '', text?.value.text)
  // The text alone may come from a line of its own.
  const placeOf = (option: string) =>
    (option.startsWith('--greylist-text') && text !== null ? text : (options ?? text))?.at ?? NOWHERE
  const settings: Setting[] = []
  const warnings: Problem[] = read.notes.map(text => ({ place: placeOf(''), text: `POSTGREY_OPTS: ${text}` }))
  for (const { name, value, option } of read.settings) {
    const at = placeOf(option)
    const own = set.get(name)
    if (own === undefined) settings.push({ name, at, value: { text: value, place: () => at } })
    else if (own.value.text !== value)
      warnings.push({ place: at, text: `POSTGREY_OPTS: ${option} does not count, because ${name} is set` })
  }
  const problems = read.problems.map(text => ({ place: placeOf(''), text: `POSTGREY_OPTS: ${text}` }))
  return { settings, problems, warnings }
}

const NOWHERE = { file: 'POSTGREY_OPTS', line: 0, column: 0 }

function fromEnvironment(name: (typeof POSTGREY_NAMES)[number], environment: PostgreyEnvironment): Setting | null {
  const value = environment[name]
  if (value === undefined || value === '') return null
  const file = `environment variable ${name}`
  return { name, at: { file, line: 0, column: 0 }, value: placedAs(value, file) }
}
