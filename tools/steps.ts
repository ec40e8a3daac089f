/** Runs programs one after the other or side by side, shows what is going on, and says at the end what failed. */
import { spawn } from 'node:child_process'
import { REPOSITORY } from './tree.ts'

export interface Step {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Its output goes straight to the terminal, because it takes long. Otherwise it is shown only when the step fails. */
  readonly live?: true
}

/** Runs the steps, `atOnce` of them side by side. True when all of them ended well. */
export async function runSteps(steps: readonly Step[], atOnce: number): Promise<boolean> {
  const waiting = [...steps]
  const failed: string[] = []
  const runner = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      if (!(await runStep(step))) failed.push(step.name)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, runner))
  if (failed.length > 0) say(`failed: ${failed.join(', ')}`)
  return failed.length === 0
}

async function runStep(step: Step): Promise<boolean> {
  const began = performance.now()
  if (step.live) say(`${step.name} …`)
  const child = spawn(step.program, [...step.args], {
    cwd: REPOSITORY,
    env: { ...process.env, ...step.env },
    stdio: ['ignore', step.live ? 'inherit' : 'pipe', step.live ? 'inherit' : 'pipe'],
  })
  let output = ''
  child.stdout?.on('data', chunk => (output += chunk))
  child.stderr?.on('data', chunk => (output += chunk))
  const ended = await new Promise<string>(resolve => {
    child.on('error', error => resolve(error.message))
    child.on('close', (code, signal) => resolve(signal ?? String(code)))
  })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  if (ended === '0') {
    say(`ok    ${step.name} (${seconds} s)`)
    return true
  }
  say(`FAILED ${step.name} (${ended}, ${seconds} s)`)
  if (output !== '') process.stderr.write(output.trimEnd() + '\n')
  return false
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
