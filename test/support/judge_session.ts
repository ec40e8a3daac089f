import { makeJudgeFactory, makePolicy } from '../../src/engine/judge.ts'
import { Registry } from '../../src/engine/registry.ts'
import type { Restriction } from '../../src/engine/restriction.ts'
import type { Event } from '../../src/model/event.ts'
import type { Judgement, SessionJudge, Stage } from '../../src/model/judge.ts'
import { registry } from '../../src/restrictions/index.ts'
import { makeFacts, type Said } from './facts.ts'
import { type FakeWorld, type FakeWorldOptions, makeFakeWorld } from './fake_world.ts'

export interface TestSession {
  readonly judge: SessionJudge
  readonly world: FakeWorld
  /** What is wrong in the lists, as `postern check` tells it. */
  readonly problems: readonly string[]
  /** All that was to be logged so far: "warning: text", "reject: text", … */
  readonly log: readonly string[]
  /** The reply at one stage, or "ok". */
  ask(stage: Stage, said?: Said): Promise<string>
  /** The same at RCPT. */
  rcpt(said?: Said): Promise<string>
  judgement(stage: Stage, said?: Said): Promise<Judgement>
}

export interface SessionOptions extends FakeWorldOptions {
  /** Restrictions that only a test has. */
  readonly extra?: readonly Restriction[]
}

/** One session of a judge over a world of plain data. */
export function openSession(options: SessionOptions = {}): TestSession {
  const world = makeFakeWorld(options)
  const problems: string[] = []
  const policy = makePolicy({
    world,
    registry: options.extra === undefined ? registry : new Registry([...registry, ...options.extra]),
    classes: world.config.restriction_classes,
    problem: (_word, message) => problems.push(message),
  })
  const judge = makeJudgeFactory(policy)()
  const log: string[] = []
  const judgement = async (stage: Stage, said: Said = {}): Promise<Judgement> => {
    const judged = await judge.judge(stage, makeFacts(said))
    log.push(...judged.events.map(formatEvent))
    return judged
  }
  const ask = async (stage: Stage, said: Said = {}): Promise<string> => {
    const judged = await judgement(stage, said)
    return judged.reply ?? (judged.hangup === true ? 'hangup' : 'ok')
  }
  return {
    judge,
    world,
    problems,
    log,
    ask,
    judgement,
    rcpt: (said = {}) => ask('recipient', { recipient: 'user@here.example', ...said }),
  }
}

function formatEvent(event: Event): string {
  if (event.kind === 'verdict') return `${event.whatsup}: ${event.text}`
  return 'text' in event ? `${event.kind}: ${event.text}` : event.kind
}

/** The verdict at RCPT of a session that had only that. */
export function judgeRcpt(options: SessionOptions, said: Said = {}): Promise<string> {
  return openSession(options).rcpt(said)
}
