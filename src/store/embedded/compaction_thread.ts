/** Runs one compaction beside the sessions; started by maintenance.ts. */
import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { errnoText } from '../../util/errno_text.ts'
import { type CompactionJob, type CompactionResult, compactFiles } from './compaction.ts'
import { holdsLock } from './lock.ts'

export interface ThreadWork {
  readonly job: CompactionJob
  /** Its file is there while we hold it. */
  readonly lock: string
}

/** Null: somebody else was at work. A string: why it failed. */
export type ThreadAnswer = CompactionResult | string | null

/** After each megabyte: the disk and the processors are there for the sessions. */
const BREATH_MS = 2

// maintenance.ts hands over ThreadWork and nothing else.
const { job, lock } = workerData as ThreadWork
const sleeper = new Int32Array(new SharedArrayBuffer(4))

function run(): ThreadAnswer {
  try {
    return compactFiles(job, {
      mayPublish: () => holdsLock(job.directory, lock),
      breathe: () => {
        Atomics.wait(sleeper, 0, 0, BREATH_MS)
      },
    })
  } catch (error) {
    return errnoText(error)
  }
}

// Linux: 0 is the calling thread alone (setpriority(2), "C library/kernel differences"). Elsewhere it would be the whole process.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_LOW)
parentPort?.postMessage(run())
