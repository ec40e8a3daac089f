import { type Lab, openLab } from './lab.ts'

/** Labs that are used again: each belongs to one server at a time. */
export class LabPool {
  readonly #free: Lab[] = []
  readonly #all: Lab[] = []

  async take(): Promise<Lab> {
    const lab = this.#free.pop()
    if (lab) return lab
    const opened = await openLab()
    this.#all.push(opened)
    return opened
  }

  give(lab: Lab): void {
    lab.policy.reset()
    lab.dns.reset()
    lab.sink.received.length = 0
    this.#free.push(lab)
  }

  close(): void {
    for (const lab of this.#all) lab.close()
  }
}
