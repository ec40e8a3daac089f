/** Who writes a file, and whether that process still runs: a killed one leaves its file, and somebody must tidy it up. */
import fs from 'node:fs'

/** What distinguishes a process from all others before and after it, in this container and in its neighbours. */
export interface Owner {
  readonly pid: number
  /** When it began, in the kernel's ticks since boot; '': not known. */
  readonly started: string
  /** The boot of the machine. */
  readonly boot: string
  /** The namespace in which `pid` means something. */
  readonly namespace: string
}

/** A writer touches its file once a minute; where its pid means nothing to us, silence for so long means that it is gone. */
export const SILENCE_MS = 600_000

export function currentOwner(pid: number): Owner {
  return {
    pid,
    started: startOf(pid) ?? '',
    boot: readOrEmpty('/proc/sys/kernel/random/boot_id').trim(),
    namespace: linkOrEmpty('/proc/self/ns/pid'),
  }
}

/** `silentMs`: since it last touched its file. `self` is the process that asks. */
export function isOwnerGone(owner: Owner, self: Owner, silentMs: number): boolean {
  if (owner.boot !== self.boot) return true
  if (owner.namespace !== self.namespace || self.namespace === '') return silentMs > SILENCE_MS
  return startOf(owner.pid) !== owner.started
}

/** The 22nd field of proc(5) stat; the second, the name, is in parentheses and may contain anything. Null: no such process. */
function startOf(pid: number): string | null {
  const stat = readOrEmpty(`/proc/${pid}/stat`)
  return stat === '' ? null : (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '')
}

function readOrEmpty(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function linkOrEmpty(path: string): string {
  try {
    return fs.readlinkSync(path)
  } catch {
    return ''
  }
}
