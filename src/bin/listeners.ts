/** The sockets that clients connect to. They outlive reloads: one that stays in the configuration stays open. */
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { dial } from '../net/dial.ts'
import { type AcceptedSocket, type Listener, listen } from '../net/listener.ts'
import { makeDirectories } from '../store/make_directories.ts'
import type { Clock } from '../util/clock.ts'
import { errnoCode, errnoText } from '../util/errno_text.ts'
import { type Door, type DoorKind, doorKind } from './doors.ts'
import { explainSocketTrouble } from './socket_trouble.ts'

export type Opened =
  /** `left`: doors that are there by default only, whose addresses another program has. */
  | { readonly ok: true; readonly left: readonly Door[] }
  | { readonly ok: false; readonly endpoint: string; readonly code: string; readonly text: string }

export interface ListenersOptions {
  /** A connection has come through the door of that key. */
  take(socket: AcceptedSocket, door: string): void
  readonly clock: Clock
  /** postern_state_directory: directories for sockets are made below it, and nowhere else. */
  readonly ownDirectory: string
}

/** Long enough for a process of this machine to accept. */
const PROBE_MS = 1000

export class Listeners {
  readonly #options: ListenersOptions
  readonly #open = new Map<string, Listener>()

  constructor(options: ListenersOptions) {
    this.#options = options
  }

  /** "127.0.0.1:2525" and so on. */
  names(kind: DoorKind): readonly string[] {
    return [...this.#open].flatMap(([key, listener]) => (doorKind(key) === kind ? [listener.name] : []))
  }

  /** Takes over sockets that listen already (socket activation) in place of postern_smtp_listen. */
  async adopt(fds: readonly number[]): Promise<Opened> {
    for (const fd of fds) {
      const opened = await this.#add({ key: `smtp fd:${fd}`, target: { kind: 'fd', fd }, mode: null })
      if (!opened.ok) return opened
    }
    return { ok: true, left: [] }
  }

  /** Opens what is new among `doors`. When one cannot be opened, those opened before it are closed again. */
  async open(doors: readonly Door[]): Promise<Opened> {
    const added: string[] = []
    const left: Door[] = []
    for (const door of doors) {
      if (this.#open.has(door.key)) continue
      const opened = await this.#add(door)
      if (!opened.ok && opened.code === 'EADDRINUSE' && door.byDefault === true) {
        left.push(door)
        continue
      }
      if (!opened.ok) {
        for (const each of added) this.#close(each)
        return opened
      }
      added.push(door.key)
    }
    return { ok: true, left }
  }

  /** Closes what is no more among `doors`. */
  keep(doors: readonly Door[]): void {
    const wanted = new Set(doors.map(({ key }) => key))
    for (const key of [...this.#open.keys()]) if (!wanted.has(key) && !key.startsWith('smtp fd:')) this.#close(key)
  }

  closeAll(): void {
    for (const key of [...this.#open.keys()]) this.#close(key)
  }

  async #add({ key, target, mode }: Door): Promise<Opened> {
    const { take, clock, ownDirectory } = this.#options
    const endpoint = key.slice(key.indexOf(' ') + 1)
    const failed = (code: string, text: string): Opened => {
      const why = target.kind === 'unix' ? explainSocketTrouble(resolve(target.path)) : null
      // What somebody has to mend will not pass by itself.
      return why === null ? { ok: false, endpoint, code, text } : { ok: false, endpoint, code: 'EINVAL', text: why }
    }
    try {
      if (target.kind === 'unix') await makeRoom(target.path, { clock, ownDirectory })
      const listened = await listen(target, socket => take(socket, key))
      if (!listened.ok) return failed(listened.code, listened.text)
      this.#open.set(key, listened.listener)
      if (target.kind === 'unix' && mode !== null) chmodSync(target.path, mode)
      return { ok: true, left: [] }
    } catch (error) {
      this.#close(key)
      return failed(errnoCode(error), errnoText(error))
    }
  }

  #close(key: string): void {
    this.#open.get(key)?.close()
    this.#open.delete(key)
  }
}

/** Our own directory may have to be made for the socket; others are whosever they are. */
async function makeRoom(path: string, { clock, ownDirectory }: { clock: Clock; ownDirectory: string }): Promise<void> {
  if (resolve(path).startsWith(`${resolve(ownDirectory)}/`)) makeDirectories(dirname(path), 0o755)
  await removeStale(path, clock)
}

/** A socket file that nobody listens on any more would be in the way. */
async function removeStale(path: string, clock: Clock): Promise<void> {
  const isSocket = lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false
  if (!isSocket) return
  const dialed = await dial({ kind: 'unix', path }, PROBE_MS, clock)
  if (dialed.ok) dialed.socket.destroy()
  else if (dialed.code === 'ECONNREFUSED') rmSync(path, { force: true })
}
