import { parseSocketAddress } from '../../util/socket_address.ts'
import { splitPlacedWords } from '../../util/words.ts'
import { ownParams } from '../param.ts'
import { duration, int, list, type ParamType, secret, size, text, yesNo } from '../types.ts'

const param = ownParams('postern')

export const dnsParams = [
  param({
    name: 'postern_dns_servers',
    type: nameServers(),
    default: '',
    doc: `
      The name servers to ask, ADDR, ADDR:PORT or [V6]:PORT, the preferred one first. Nothing: those of
      /etc/resolv.conf. A recursive resolver of your own is best; DNS lists refuse to answer public ones.`,
  }),
  param({
    name: 'postern_dns_timeout',
    type: duration(1),
    default: '10s',
    doc: 'How long one question to the DNS may take, all servers and tries together. Then the lookup has failed for now.',
  }),
  param({
    name: 'postern_dns_try_timeout',
    type: duration(),
    default: '0s',
    doc: `
      How long one name server may take before the next is asked as well. 0: "timeout" of the options line in
      /etc/resolv.conf, or 5s. It is cut so that every server gets its turn within postern_dns_timeout.`,
  }),
  param({
    name: 'postern_dns_attempts',
    type: int({ min: 0, max: 5 }),
    default: '0',
    doc: 'Rounds over all name servers. 0: "attempts" of the options line in /etc/resolv.conf, or 2.',
  }),
  param({
    name: 'postern_dns_mix_case',
    type: yesNo(),
    default: 'no',
    doc: `
      Ask with random capitals, which a forged answer would have to repeat. Useful only where the name server is not on
      this machine or network; some load balancers lower them and are then asked over TCP.`,
  }),
  param({
    name: 'postern_dns_cache_size',
    type: size({ min: 0 }),
    default: '33554432',
    doc: 'Memory for DNS answers of each process, bytes. The answers that were not used for longest go first. A reload that leaves the DNS parameters as they are keeps them.',
  }),
  param({
    name: 'postern_dns_min_ttl',
    type: duration(),
    default: '1s',
    doc: 'The least time to remember an answer.',
  }),
  param({
    name: 'postern_dns_max_ttl',
    type: duration(1),
    default: '1d',
    doc: 'The longest time to remember an answer, whatever its TTL.',
  }),
  param({
    name: 'postern_dns_max_negative_ttl',
    type: duration(1),
    default: '1h',
    doc: 'The longest time to remember that a name or record does not exist (RFC 2308 5).',
  }),
  param({
    name: 'postern_dns_max_stale',
    type: duration(),
    default: '1d',
    doc: `
      How long after its TTL an answer may still be used while no name server answers at all (RFC 8767). 0: never. A
      domain whose own servers are slow or broken is no reason.`,
  }),
  param({
    name: 'postern_dns_list_check_interval',
    type: duration(),
    default: '15m',
    doc: `
      How often the DNS lists are asked for their test entries (RFC 5782 5). One that lists everything, refuses to answer
      or is invented by the resolver is set aside until it is sound again. 0: never.`,
  }),
  param({
    name: 'postern_dns_list_budgets',
    type: listBudgets(),
    default: '',
    doc: `
      Questions a day that a DNS list allows, ZONE=NUMBER; 0: any number. The free limits of well-known lists are built
      in (see "postern lists"). A list near its limit is not asked ahead of need.`,
  }),
  param({
    name: 'postern_spamhaus_dqs_key',
    type: secret(),
    default: '',
    doc: `
      The key of a Spamhaus Data Query Service account. Every list of spamhaus.org is then asked under it, and it is shown
      nowhere: replies, log and "postern explain" go on saying zen.spamhaus.org. One that is written into a list's name
      (KEY.zen.dq.spamhaus.net) is left out wherever the name is shown, too.`,
  }),
  param({
    name: 'postern_hosts_file',
    type: text(),
    default: '/etc/hosts',
    doc: 'Asked before the DNS for names of clients and addresses of hosts. Nothing: the DNS alone.',
  }),
] as const

const DNS_PORT = 53

function nameServers(): ParamType<readonly string[]> {
  return checkedList({
    kind: 'list of name servers',
    wanted: 'name servers such as 127.0.0.1, 192.0.2.53:5353 or [2001:db8::53]:53',
    isGood: word => parseSocketAddress(word, DNS_PORT) !== null,
  })
}

function listBudgets(): ParamType<readonly string[]> {
  return checkedList({
    kind: 'list of ZONE=NUMBER',
    wanted: 'lists with a number such as zen.spamhaus.org=300000',
    isGood: word => /^[A-Za-z0-9._-]+=\d{1,12}$/.test(word),
  })
}

function checkedList(t: {
  kind: string
  wanted: string
  isGood: (word: string) => boolean
}): ParamType<readonly string[]> {
  return {
    ...list(t.kind),
    wanted: t.wanted,
    parse(value) {
      const words = splitPlacedWords(value.text)
      const wrong = words.find(word => !t.isGood(word.text))
      if (wrong !== undefined) return { ok: false, word: wrong.text, offset: wrong.offset }
      return { ok: true, value: words.map(word => word.text) }
    },
  }
}
