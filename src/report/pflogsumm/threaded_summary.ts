/** The quick way on two processors: a thread finds the lines, this one reads the log and counts what has a queue id. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { HeaderOptions } from '../../maillog/header.ts'
import type { Facts } from '../facts.ts'
import type { CountOptions } from '../options.ts'
import type { Scanned } from './assemble.ts'
import { type LogSummary, SecondPass } from './block_summary.ts'
import { fillBlocks, makeBlock } from './blocks.ts'
import type { Block } from './collect/tasks.ts'
import type { ThreadAnswer, ThreadOrder, ThreadStart } from './scan_thread.ts'

/** Being filled, being looked at, being counted, and one for each to go on with. */
const BLOCKS = 6

interface LentBlock extends Block {
  readonly number: number
}

export class ThreadedSummary implements LogSummary {
  readonly #thread: Worker
  readonly #second: SecondPass
  readonly #blocks: readonly LentBlock[]
  /** Those that are nobody's. */
  readonly #free: LentBlock[]
  #progress: (lines: number) => void = () => {}
  /** Blocks that the thread has. */
  #pending = 0
  /** Who waits for a block, for all to be counted, or for the end. */
  #wake: (() => void) | null = null
  #scanned: Scanned | null = null
  #error: Error | null = null

  constructor(options: CountOptions) {
    this.#second = new SecondPass(options)
    const blocks = Array.from({ length: BLOCKS }, (_, number) => ({ number, ...makeBlock() }))
    this.#blocks = blocks
    this.#free = [...blocks]
    const workerData: ThreadStart = { options, memories: blocks.map(({ memory }) => memory) }
    // Built, this file and the thread's are .js.
    this.#thread = new Worker(new URL(`./scan_thread${extname(import.meta.filename)}`, import.meta.url), { workerData })
    // The thread posts ThreadAnswer and nothing else.
    this.#thread.on('message', (answer: ThreadAnswer) => this.#take(answer))
    this.#thread.on('error', (error: Error) => this.#fail(error))
    this.#thread.on('exit', () => this.#fail(new Error('the thread that reads the log has ended')))
  }

  async add(
    chunks: AsyncIterable<Uint8Array>,
    options: HeaderOptions,
    progress: (lines: number) => void,
  ): Promise<void> {
    this.#progress = progress
    this.#order({ kind: 'log', options })
    try {
      for await (const { block, length } of fillBlocks(chunks, () => this.#lend())) {
        this.#pending++
        this.#order({ kind: 'block', number: block.number, length })
      }
    } finally {
      await this.#until(() => this.#pending === 0)
    }
  }

  async facts(): Promise<Facts> {
    this.#order({ kind: 'end' })
    await this.#until(() => this.#scanned !== null)
    if (this.#scanned === null) throw new Error('no end of the log')
    return this.#second.facts(this.#scanned)
  }

  async close(): Promise<void> {
    this.#thread.removeAllListeners('exit')
    await this.#thread.terminate()
  }

  #order(order: ThreadOrder): void {
    this.#thread.postMessage(order)
  }

  async #lend(): Promise<LentBlock> {
    await this.#until(() => this.#free.length > 0)
    const block = this.#free.pop()
    if (block === undefined) throw new Error('no block is free')
    return block
  }

  #take(answer: ThreadAnswer): void {
    if (answer.kind === 'end') this.#scanned = answer.scanned
    else {
      const block = this.#blocks[answer.number]
      if (block !== undefined) {
        this.#second.run(block, answer.result)
        this.#free.push(block)
      }
      this.#pending--
      this.#progress(answer.lines)
    }
    this.#wake?.()
  }

  #fail(error: Error): void {
    this.#error ??= error
    this.#wake?.()
  }

  /** There is one who waits at a time: whoever reads the log. */
  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.#error !== null) throw this.#error
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
      this.#wake = null
    }
  }
}
