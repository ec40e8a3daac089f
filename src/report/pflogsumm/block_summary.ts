/** A whole log into the figures of pflogsumm, a block at a time: the quick way, for nothing but these figures. */
import type { HeaderOptions } from '../../maillog/header.ts'
import type { Facts } from '../facts.ts'
import type { CountOptions } from '../options.ts'
import { assembleFacts, type Scanned } from './assemble.ts'
import { fillBlocks, makeBlock } from './blocks.ts'
import { QueueCounts } from './collect/queue.ts'
import { QueueLanes } from './collect/queue_lanes.ts'
import { Scanner } from './collect/scanner.ts'
import type { Block, ScanResult } from './collect/tasks.ts'
import { TrafficCounts } from './collect/traffic.ts'

/** Logs, one after the other, and then the facts. */
export interface LogSummary {
  /** `chunks` are the bytes of one log, unpacked. `progress` gets how many more lines were read. */
  add(chunks: AsyncIterable<Uint8Array>, options: HeaderOptions, progress: (lines: number) => void): Promise<void>
  /** Once, at the end. */
  facts(): Promise<Facts>
  close(): Promise<void>
}

/** Both passes in this thread. */
export class BlockSummary implements LogSummary {
  readonly #scanner: Scanner
  readonly #second: SecondPass

  constructor(options: CountOptions) {
    this.#scanner = new Scanner(options)
    this.#second = new SecondPass(options)
  }

  async add(
    chunks: AsyncIterable<Uint8Array>,
    options: HeaderOptions,
    progress: (lines: number) => void,
  ): Promise<void> {
    this.#scanner.beginLog(options)
    const blocks = [makeBlock(), makeBlock()]
    let turn = 0
    const lend = (): Block => blocks[turn++ % 2] ?? makeBlock()
    for await (const { block, length } of fillBlocks(chunks, lend)) {
      const before = this.#scanner.read
      this.#second.run(block, this.#scanner.scan(block, length))
      progress(this.#scanner.read - before)
    }
  }

  async facts(): Promise<Facts> {
    return this.#second.facts(scannedBy(this.#scanner))
  }

  async close(): Promise<void> {}
}

/** What the first pass leaves. */
export function scannedBy({ stateless, refusals, warnings, traffic, days, read, postfix }: Scanner): Scanned {
  refusals.addTo(stateless.refusals)
  warnings.addTo(stateless.warnings)
  return {
    ...stateless.result(),
    ...{ read, postfix },
    dayCount: days.count,
    days: traffic.days(),
    hours: traffic.hours(),
  }
}

/** What counts the tasks of blocks. */
export class SecondPass {
  readonly #options: CountOptions
  readonly #traffic = new TrafficCounts()
  readonly #queue: QueueCounts
  readonly #lanes: QueueLanes

  constructor(options: CountOptions) {
    this.#options = options
    this.#queue = new QueueCounts(options, this.#traffic)
    this.#lanes = new QueueLanes(this.#queue, options, this.#traffic)
  }

  run(block: Block, result: ScanResult): void {
    this.#lanes.run(block, result)
  }

  facts(scanned: Scanned): Facts {
    const { queue, traffic, options } = { queue: this.#queue, traffic: this.#traffic, options: this.#options }
    return assembleFacts({ scanned, queue, traffic, options, postscreen: null })
  }
}
