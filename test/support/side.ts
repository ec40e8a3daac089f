import fs from 'node:fs'
import path from 'node:path'
import type { Normalise, Server } from './dialogue.ts'
import { connectionsOf, runDialogue } from './dialogue.ts'
import { renderConfig } from './dialogue_config.ts'
import type { Dialogue, DialogueFile } from './dialogue_file.ts'
import type { Lab } from './lab.ts'
import { MailLog, normaliser } from './mail_log.ts'
import { freePort } from './ports.ts'
import { posternOverrides, startPosternInside } from './postern_inside.ts'
import { startPostern } from './postern_program.ts'
import { makeInstanceDir, startPostfix } from './real_postfix.ts'
import type { ReceivedMail } from './sink_server.ts'

/** What one server did in one dialogue. */
export interface Outcome {
  readonly transcript: readonly (readonly string[])[]
  readonly log: readonly string[]
  readonly mail: readonly string[]
}

/** A server under test with the configuration of one dialogue file, ready to be talked to. */
export interface Side extends Server {
  readonly logPath: string
  readonly normalise: Normalise
  readonly lab: Lab
  stop(): Promise<void>
}

/** Starts a real Postfix with the file's configuration. */
export async function startPostfixSide(file: DialogueFile, lab: Lab): Promise<Side> {
  const dir = makeInstanceDir('pf-')
  await renderConfig({ config: file.config, dir, helper: lab.address, index: true })
  const port = await freePort()
  const postfix = await startPostfix({ dir, port, dnsAddress: lab.address, services: services(file) })
  return {
    host: '127.0.0.1',
    port,
    logPath: postfix.logPath,
    normalise: normaliser({ helper: lab.address, dirs: [dir] }),
    lab,
    async stop() {
      await postfix.stop()
      fs.rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Starts `bin/postern serve` with the file's configuration: slower to start than startPosternSide, and the whole program. */
export async function startProgramSide(file: DialogueFile, lab: Lab): Promise<Side> {
  const { dir, overrides } = await preparePostern(file, lab)
  const postern = await startPostern({ dir, overrides, dns: `${lab.address}:${lab.dnsPort}` })
  return {
    host: postern.host,
    port: postern.port,
    logPath: postern.logPath,
    normalise: normaliser({ helper: lab.address, dirs: [dir] }),
    lab,
    async stop() {
      await postern.stop()
      fs.rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function preparePostern(file: DialogueFile, lab: Lab): Promise<{ dir: string; overrides: string[] }> {
  const dir = makeInstanceDir('po-')
  await renderConfig({ config: file.config, dir, helper: lab.address, index: false })
  const own = [...file.config.matchAll(/^# postern: (.*)$/gm)].map(
    match => match[1]?.replaceAll('@helper@', lab.address) ?? '',
  )
  const dns = `${lab.address}:${lab.dnsPort}`
  return { dir, overrides: [...posternOverrides(dir, dns), 'postern_next_hop=discard:', ...own] }
}

/** Starts Postern with the file's configuration, and its "# postern: name=value" lines, in this process. */
export async function startPosternSide(file: DialogueFile, lab: Lab, changes: readonly string[] = []): Promise<Side> {
  const { dir, overrides } = await preparePostern(file, lab)
  overrides.push(...changes)
  const postern = await startPosternInside({ dir, overrides })
  return {
    host: '127.0.0.1',
    port: postern.port,
    logPath: postern.logPath,
    normalise: normaliser({ helper: lab.address, dirs: [dir] }),
    lab,
    async stop() {
      await postern.stop()
      fs.rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** "# master.cf: …" lines of a dialogue file. */
function services(file: DialogueFile): string {
  return [...file.config.matchAll(/^# master\.cf: (.*)$/gm)].map(match => `${match[1]}\n`).join('')
}

export const CLIENT_CERTS = new Map(
  ['client', 'other'].map(name => [
    name,
    {
      cert: fs.readFileSync(path.join(import.meta.dirname, '../e2e/testdata', `${name}.pem`), 'utf8'),
      key: fs.readFileSync(path.join(import.meta.dirname, '../e2e/testdata', `${name}.key`), 'utf8'),
    },
  ]),
)

/** Holds the dialogues one after another and answers what happened in each. */
export async function hold(side: Side, dialogues: readonly Dialogue[]): Promise<Outcome[]> {
  const log = new MailLog(side.logPath)
  const outcomes: Outcome[] = []
  log.skip()
  for (const dialogue of dialogues) outcomes.push(await holdOne(side, dialogue, log))
  return outcomes
}

async function holdOne(side: Side, dialogue: Dialogue, mailLog: MailLog): Promise<Outcome> {
  side.lab.sink.received.length = 0
  const transcript = await runDialogue(dialogue, { server: side, normalise: side.normalise, certs: CLIENT_CERTS })
  const lines = await mailLog.dialogue(connectionsOf(dialogue), side.normalise)
  const mail = dialogue.flags.includes('mail') ? await receivedMail(side, dialogue) : []
  // Several connections write to the log in no fixed order.
  const log = connectionsOf(dialogue) > 1 ? [...lines].sort() : lines
  return { transcript, log, mail }
}

/** The next hop's view, once as many messages have come as the dialogue's transcript promised. */
async function receivedMail(side: Side, dialogue: Dialogue): Promise<readonly string[]> {
  const expected = dialogue.steps.filter(step => step.kind === 'message' || step.kind === 'filler').length
  for (let i = 0; i < 100 && side.lab.sink.received.length < expected; i++)
    await new Promise(resolve => setTimeout(resolve, 20))
  return side.lab.sink.received.flatMap(formatMail).map(side.normalise)
}

/** Envelope and content, without the Received line, whose form is each program's own. */
function formatMail(mail: ReceivedMail): string[] {
  const content = mail.content.replace(/^Received: .*(\r\n[ \t].*)*\r\n/m, '')
  return [
    `from=<${mail.sender}>`,
    // Postfix sorts recipients by domain and its own taste.
    ...[...mail.recipients].sort().map(address => `to=<${address}>`),
    ...content.split('\r\n').map(line => `| ${line}`.trimEnd()),
  ]
}
