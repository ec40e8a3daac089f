import net from 'node:net'
import { after } from 'node:test'
import { tableContract } from '../../test/contract/table_contract.ts'
import { TableBench } from '../../test/support/table_context.ts'
import { TableServer } from '../../test/support/table_server.ts'
import { INDEXED_TYPES } from './map_file.ts'
import { openTable } from './open.ts'

const bench = new TableBench()
after(() => bench.remove())
const open = (spec: string) => openTable(spec, bench.context())
const openBroken = (spec: string) => () => open(spec)

bench.file('map', 'key value\n')
bench.file('nets', '192.0.2.0/24 value\n')
bench.file('patterns', '/^key$/ value\n')

for (const type of [...INDEXED_TYPES, 'texthash']) {
  tableContract({
    type,
    kind: 'fixed',
    open: () => open(`${type}:map`),
    present: { key: 'KEY', value: 'value' },
    absent: 'other',
    openBroken: openBroken(`${type}:missing`),
  })
}

const present = { key: 'key', value: 'value' }
tableContract({
  type: 'inline',
  kind: 'fixed',
  open: () => open('inline:{key=value}'),
  present,
  absent: 'x',
  openBroken: openBroken('inline:{key}'),
})
tableContract({
  type: 'static',
  kind: 'fixed',
  open: () => open('static:value'),
  present,
  absent: null,
  openBroken: openBroken('static:{value'),
})
tableContract({
  type: 'cidr',
  kind: 'pattern',
  open: () => open('cidr:nets'),
  present: { key: '192.0.2.7', value: 'value' },
  absent: '192.0.3.7',
  openBroken: openBroken('cidr:missing'),
})
tableContract({
  type: 'regexp',
  kind: 'pattern',
  open: () => open('regexp:patterns'),
  present,
  absent: 'x',
  openBroken: openBroken('regexp:missing'),
})
tableContract({
  type: 'pcre',
  kind: 'pattern',
  open: () => open('pcre:patterns'),
  present,
  absent: 'x',
  openBroken: openBroken('pcre:{bad}'),
})
tableContract({
  type: 'unionmap',
  kind: 'fixed',
  open: () => open('unionmap:{inline:{key=value}, cidr:nets}'),
  present,
  absent: 'x',
  openBroken: openBroken('unionmap:{}'),
})
tableContract({
  type: 'pipemap',
  kind: 'pattern',
  open: () => open('pipemap:{pcre:patterns, inline:{value=value}}'),
  present,
  absent: 'x',
  openBroken: openBroken('pipemap:{x}'),
})
tableContract({
  type: 'randmap',
  kind: 'pattern',
  open: () => open('randmap:{value}'),
  present,
  absent: null,
  openBroken: openBroken('randmap:{}'),
})
tableContract({
  type: 'unix',
  kind: 'fixed',
  open: () => open('unix:group.byname'),
  present: { key: 'root', value: 'root:x:0:' },
  absent: 'no such group',
  openBroken: openBroken('unix:shadow'),
})
tableContract({
  type: 'proxy',
  kind: 'fixed',
  open: () => open('proxy:hash:map'),
  present,
  absent: 'x',
  openBroken: openBroken('proxy:hash:missing'),
})

process.env['postern_table_test'] = 'value'
tableContract({
  type: 'environ',
  kind: 'fixed',
  open: () => open('environ:x'),
  present: { key: 'POSTERN_table_test', value: 'value' },
  absent: 'no such variable',
  openBroken: null,
})

const server = new TableServer({ key: 'value' })
const ports = { tcpTable: await freePort(), socketmap: await freePort() }
await server.listen('127.0.0.1', ports)
after(() => server.close())
const online = (spec: string) => openTable(spec, bench.context({ connect: endpoint => net.connect(endpoint) }))
tableContract({
  type: 'tcp',
  kind: 'pattern',
  open: () => online(`tcp:127.0.0.1:${ports.tcpTable}`),
  present,
  absent: 'x',
  openBroken: openBroken('tcp:nowhere'),
})
tableContract({
  type: 'socketmap',
  kind: 'pattern',
  open: () => online(`socketmap:inet:127.0.0.1:${ports.socketmap}:map`),
  present,
  absent: 'x',
  openBroken: openBroken('socketmap:x'),
})

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
