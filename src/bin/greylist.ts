import { dirname } from 'node:path'
import type { Config } from '../config/config.ts'
import { Greylist } from '../greylist/greylist.ts'
import { GreylistLists } from '../greylist/lists.ts'
import { staleProviders } from '../greylist/providers.ts'
import { greylistFiles, greylistSettings } from '../greylist/settings.ts'
import type { Greylisting } from '../model/greylist.ts'
import type { Memory } from '../model/memory.ts'
import type { TableProblem } from '../table/problem.ts'
import type { Clock } from '../util/clock.ts'

export interface GreylistServices {
  readonly clock: Clock
  readonly memory: Memory
  /** The main.cf: white lists are looked for in its directory. */
  readonly configPath: string
  warn(problem: TableProblem): void
}

export interface OpenGreylist {
  readonly greylisting: Greylisting
  /** Settles when the white lists have been read once. */
  ready(): Promise<void>
  close(): void
}

/** Greylisting of a configuration, its white lists open. */
export function openGreylist(config: Config, services: GreylistServices): OpenGreylist {
  const { clock, memory } = services
  const lists = new GreylistLists({
    files: greylistFiles(config, dirname(services.configPath)),
    clock,
    warn: text => services.warn(listProblem(text)),
  })
  return {
    greylisting: new Greylist({ settings: greylistSettings(config), lists, memory, clock }),
    async ready() {
      await lists.ready()
      const { providers } = await lists.current()
      const stale = providers === null || !config.postern_greylist ? null : staleProviders(providers, clock.now())
      if (stale !== null) services.warn(listProblem(stale))
    },
    close: () => lists.close(),
  }
}

/** "FILE:LINE: text" as tables tell it. */
function listProblem(said: string): TableProblem {
  const [, file = null, line, text = said] = /^(\/[^:\n]+):(\d+): (.*)$/s.exec(said) ?? []
  return {
    severity: 'warning',
    table: 'check_greylist',
    file,
    line: line === undefined ? null : Number(line),
    text: file === null ? said : `${file}, line ${line}: ${text}`,
    remedy: null,
  }
}
