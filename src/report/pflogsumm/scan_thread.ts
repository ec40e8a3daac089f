/** The first pass over a log in a thread of its own; started by threaded_summary.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import type { HeaderOptions } from '../../maillog/header.ts'
import type { CountOptions } from '../options.ts'
import type { Scanned } from './assemble.ts'
import { scannedBy } from './block_summary.ts'
import { blockIn } from './blocks.ts'
import { Scanner } from './collect/scanner.ts'
import type { ScanResult } from './collect/tasks.ts'

export interface ThreadStart {
  readonly options: CountOptions
  /** Of the blocks, which are called by their numbers. */
  readonly memories: readonly SharedArrayBuffer[]
}

export type ThreadOrder =
  | { readonly kind: 'log'; readonly options: HeaderOptions }
  | { readonly kind: 'block'; readonly number: number; readonly length: number }
  | { readonly kind: 'end' }

export type ThreadAnswer =
  | { readonly kind: 'block'; readonly number: number; readonly lines: number; readonly result: ScanResult }
  | { readonly kind: 'end'; readonly scanned: Scanned }

// threaded_summary.ts hands over ThreadStart, and sends ThreadOrder and nothing else.
const { options, memories } = workerData as ThreadStart
const scanner = new Scanner(options)
const blocks = memories.map(blockIn)

parentPort?.on('message', (order: ThreadOrder) => {
  const answer = follow(order)
  if (answer !== null) parentPort?.postMessage(answer)
})

function follow(order: ThreadOrder): ThreadAnswer | null {
  switch (order.kind) {
    case 'log':
      scanner.beginLog(order.options)
      return null
    case 'block': {
      const block = blocks[order.number]
      if (block === undefined) return null
      const before = scanner.read
      const result = scanner.scan(block, order.length)
      return { kind: 'block', number: order.number, lines: scanner.read - before, result }
    }
    case 'end':
      return { kind: 'end', scanned: scannedBy(scanner) }
  }
}
