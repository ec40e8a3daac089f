import type { LineBuilder } from '../table/watched_file.ts'
import { type FileContent, WatchedFile } from '../table/watched_file.ts'
import type { Clock } from '../util/clock.ts'
import { ClientList, type Placed, RecipientList } from './client_list.ts'
import {
  type ClientEntry,
  type ParsedLine,
  parseClientLine,
  parseRecipientLine,
  type RecipientEntry,
} from './list_lines.ts'
import { type ProviderList, parseProviders } from './providers.ts'
import { SHIPPED_PROVIDERS } from './providers_data.ts'

export interface ListFile {
  readonly path: string
  /** It need not be there. */
  readonly optional: boolean
}

export interface ListFiles {
  readonly clients: readonly ListFile[]
  readonly recipients: readonly ListFile[]
  /** Replaces the list of big senders that came with Postern, where it is there. Null: no such list at all. */
  readonly providers: string | null
}

export interface ListOptions {
  readonly files: ListFiles
  readonly clock: Clock
  /** What is wrong with a file or a line of it: "/etc/postgrey/whitelist_clients:12: …". */
  warn(text: string): void
}

/** All white lists as they are now. */
export interface CurrentLists {
  readonly clients: ClientList
  readonly recipients: RecipientList
  readonly providers: ProviderList | null
}

/** Files are looked at no more often. */
const LOOK_EVERY_MS = 1000

/** The white lists of one configuration, read again when their files change. */
export class GreylistLists {
  readonly #options: ListOptions
  readonly #clients: readonly WatchedFile<readonly Placed<ClientEntry>[]>[]
  readonly #recipients: readonly WatchedFile<readonly Placed<RecipientEntry>[]>[]
  readonly #providers: WatchedFile<ProviderList> | null
  readonly #shipped: ProviderList | null
  /** The contents that `#current` was made of. */
  #contents: readonly unknown[] = []
  #current: CurrentLists = { clients: new ClientList([]), recipients: new RecipientList([]), providers: null }
  #nextLookMs: number
  #looking: Promise<void> | null = null

  constructor(options: ListOptions) {
    this.#options = options
    const { files, clock } = options
    this.#clients = files.clients.map(file => this.#watch(file, parseClientLine))
    this.#recipients = files.recipients.map(file => this.#watch(file, parseRecipientLine))
    this.#shipped = files.providers === null ? null : parseProviders(SHIPPED_PROVIDERS, 'built in').list
    this.#providers = files.providers === null ? null : this.#watchProviders(files.providers)
    this.#nextLookMs = clock.monotonic() + LOOK_EVERY_MS
  }

  /** Settles when all files have been read once. */
  ready(): Promise<void> {
    return this.#look()
  }

  /** The lists; a promise where it is time to look at the files first. */
  current(): CurrentLists | Promise<CurrentLists> {
    if (this.#looking === null && this.#options.clock.monotonic() < this.#nextLookMs) return this.#current
    return this.#look().then(() => this.#current)
  }

  close(): void {
    for (const file of [...this.#clients, ...this.#recipients]) file.close()
    this.#providers?.close()
  }

  #look(): Promise<void> {
    this.#looking ??= this.#readAll().finally(() => {
      this.#nextLookMs = this.#options.clock.monotonic() + LOOK_EVERY_MS
      this.#looking = null
    })
    return this.#looking
  }

  async #readAll(): Promise<void> {
    const [clients, recipients, providers] = await Promise.all([
      Promise.all(this.#clients.map(file => file.current())),
      Promise.all(this.#recipients.map(file => file.current())),
      this.#providers?.current(),
    ])
    const contents = [...clients, ...recipients, providers]
    if (contents.length === this.#contents.length && contents.every((each, i) => each === this.#contents[i])) return
    this.#contents = contents
    this.#current = {
      clients: new ClientList(clients.flatMap(entriesOf)),
      recipients: new RecipientList(recipients.flatMap(entriesOf)),
      providers: providers?.kind === 'ready' ? providers.value : this.#shipped,
    }
  }

  #watch<E>(file: ListFile, parse: (line: string) => ParsedLine<E>): WatchedFile<readonly Placed<E>[]> {
    return new WatchedFile<readonly Placed<E>[]>({
      path: file.path,
      clock: this.#options.clock,
      raw: true,
      optional: file.optional,
      build: () => this.#builder(file.path, parse),
      onUnreadable: (text, kept) => this.#unreadable(file, text, kept),
    })
  }

  #builder<E>(path: string, parse: (line: string) => ParsedLine<E>): LineBuilder<readonly Placed<E>[]> {
    const entries: Placed<E>[] = []
    return {
      line: ({ text, line }) => {
        const { entry, problem } = parse(text)
        const at = `${path}:${line}`
        if (entry !== null) entries.push({ entry, at })
        if (problem !== null) this.#options.warn(`${at}: ${problem}`)
      },
      finish: () => entries,
    }
  }

  #watchProviders(path: string): WatchedFile<ProviderList> {
    return new WatchedFile<ProviderList>({
      path,
      clock: this.#options.clock,
      raw: true,
      optional: true,
      build: () => {
        const lines: string[] = []
        return {
          line: ({ text }) => void lines.push(text),
          finish: () => {
            const { list, problems } = parseProviders(lines.join('\n'), path)
            for (const problem of problems) this.#options.warn(problem)
            return list
          },
        }
      },
      onUnreadable: (text, kept) => this.#unreadable({ path, optional: true }, text, kept),
    })
  }

  #unreadable(file: ListFile, text: string, kept: boolean): void {
    if (kept) this.#options.warn(`${text}: what was read before still counts`)
    else if (!file.optional || !text.endsWith('No such file or directory'))
      this.#options.warn(`${text}: nothing in it counts`)
  }
}

function entriesOf<E>(content: FileContent<readonly Placed<E>[]>): readonly Placed<E>[] {
  return content.kind === 'ready' ? content.value : []
}
