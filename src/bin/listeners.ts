/** The sockets that clients connect to. They outlive reloads: one that stays in the configuration stays open. */
import { lstatSync, rmSync } from 'node:fs'
import type { Endpoint } from '../config/config.ts'
import { dial } from '../net/dial.ts'
import { type AcceptedSocket, type Listener, type ListenTarget, listen } from '../net/listener.ts'
import type { Clock } from '../util/clock.ts'

export type Opened =
  | { readonly ok: true }
  | { readonly ok: false; readonly endpoint: string; readonly code: string; readonly text: string }

/** Long enough for a process of this machine to accept. */
const PROBE_MS = 1000

export class Listeners {
  readonly #take: (socket: AcceptedSocket) => void
  readonly #clock: Clock
  readonly #open = new Map<string, Listener>()

  constructor(take: (socket: AcceptedSocket) => void, clock: Clock) {
    this.#take = take
    this.#clock = clock
  }

  /** "127.0.0.1:2525" and so on. */
  get names(): readonly string[] {
    return [...this.#open.values()].map(listener => listener.name)
  }

  /** Takes over sockets that listen already (socket activation) in place of the configured endpoints. */
  async adopt(fds: readonly number[]): Promise<Opened> {
    for (const fd of fds) {
      const opened = await this.#add(`fd:${fd}`, { kind: 'fd', fd })
      if (!opened.ok) return opened
    }
    return { ok: true }
  }

  /** Opens what is new among `endpoints`. When one cannot be opened, those opened for it are closed again. */
  async open(endpoints: readonly Endpoint[]): Promise<Opened> {
    const added: string[] = []
    for (const endpoint of endpoints) {
      const key = endpointKey(endpoint)
      if (this.#open.has(key)) continue
      if (endpoint.kind === 'unix') await removeStale(endpoint.path, this.#clock)
      const opened = await this.#add(key, endpoint)
      if (!opened.ok) {
        for (const each of added) this.#close(each)
        return opened
      }
      added.push(key)
    }
    return { ok: true }
  }

  /** Closes what is no more among `endpoints`. */
  keep(endpoints: readonly Endpoint[]): void {
    const wanted = new Set(endpoints.map(endpointKey))
    for (const key of [...this.#open.keys()]) if (!wanted.has(key) && !key.startsWith('fd:')) this.#close(key)
  }

  closeAll(): void {
    for (const key of [...this.#open.keys()]) this.#close(key)
  }

  async #add(key: string, target: ListenTarget): Promise<Opened> {
    const listened = await listen(target, this.#take)
    if (!listened.ok) return { ok: false, endpoint: key, code: listened.code, text: listened.text }
    this.#open.set(key, listened.listener)
    return { ok: true }
  }

  #close(key: string): void {
    this.#open.get(key)?.close()
    this.#open.delete(key)
  }
}

function endpointKey(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`
  return endpoint.address.includes(':')
    ? `inet:[${endpoint.address}]:${endpoint.port}`
    : `inet:${endpoint.address}:${endpoint.port}`
}

/** A socket file that nobody listens on any more would be in the way. */
async function removeStale(path: string, clock: Clock): Promise<void> {
  const isSocket = lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false
  if (!isSocket) return
  const dialed = await dial({ kind: 'unix', path }, PROBE_MS, clock)
  if (dialed.ok) dialed.socket.destroy()
  else if (dialed.code === 'ECONNREFUSED') rmSync(path, { force: true })
}
