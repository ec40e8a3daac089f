/** Collects rows as a worker does, as fast as it can, and says after each turn how many are written: for being killed. */
import { formatRow, reportRow } from '../../src/dmarc_report/row.ts'
import { DayLinesWriter } from '../../src/store/report/day_lines.ts'
import { makeEnvelope, makeVerdict } from './dmarc_verdict.ts'

const [, , directory = '', day = '', name = ''] = process.argv
const writer = new DayLinesWriter({
  directory,
  pid: process.pid,
  onTrouble: problem => process.stderr.write(`${problem}\n`),
})
let written = 0
const turn = (): void => {
  for (let i = 0; i < 50; i++) {
    const row = reportRow(makeVerdict(), makeEnvelope({ sender: `${i}@${name}.example` }), 1)
    if (row !== null) writer.add(day, formatRow(row))
  }
  // The writer's own turn comes first: it asked first.
  setImmediate(() => {
    written += 50
    process.stdout.write(`${written}\n`)
    turn()
  })
}
turn()
