/** Programs that the supervisor starts beside its workers, for work that would hold up everybody. */
import { fork } from 'node:child_process'
import { keepRunning } from '../util/clock.ts'

export type HelperProgram = 'dmarc_process' | 'report_process'

/** Runs it with one job; settles with how it ended, null where that was well. */
export function runHelperProcess(program: HelperProgram, job: object): Promise<string | null> {
  // The same file in the sources and in the built package.
  const file = new URL(`./${program}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
  return new Promise(resolve => {
    const child = fork(file, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'json' })
    child.on('error', error => resolve(error.message))
    child.on('exit', (code, signal) => {
      if (code === 0) resolve(null)
      else resolve(signal === null ? `exit status ${code}` : `signal ${signal}`)
    })
    child.send(job, () => undefined)
  })
}

/** In such a program: does the one job that it is sent, and ends. */
export function takeJob(work: (job: unknown) => Promise<void>): void {
  process.once('message', job => {
    const running = keepRunning()
    void work(job).then(() => {
      running.end()
      if (process.connected) process.disconnect()
    })
  })
  // It ends when it is done; a terminal or systemd signals the whole group.
  process.on('SIGHUP', () => undefined)
  process.on('SIGUSR1', () => undefined)
}
