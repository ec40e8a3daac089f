/** Lines that are understood and tell no event: of Postfix's quieter programs, of ours and of those that stand beside. */
import type { LineEntry } from './line_entry.ts'
import { line, QUEUE_ID } from './line_entry.ts'

export const masterEntries: readonly LineEntry[] = [
  { example: 'daemon started -- version 3.7.11, configuration /etc/postfix', pattern: /^daemon started -- version / },
  { example: 'terminating on signal 15', pattern: /^terminating on signal \d+$/ },
  { example: 'reload: /etc/postern/main.cf is in use', pattern: /^reload: / },
  { example: 'terminating', pattern: /^terminating$/ },
  { example: 'reload -- version 3.7.11, configuration /etc/postfix', pattern: /^reload -- version / },
  { example: 'reload configuration /etc/postfix', pattern: /^reload configuration / },
]

export const scriptEntries: readonly LineEntry[] = [
  { example: 'starting the Postfix mail system', pattern: /^(?:starting|stopping|refreshing) the Postfix mail system/ },
  {
    example: 'waiting for the Postfix mail system to terminate',
    pattern: /^(?:waiting for|aborting) the Postfix mail system/,
  },
  { example: 'the Postfix mail system is running: PID: 7', pattern: /^the Postfix mail system is / },
]

export const anvilEntries: readonly LineEntry[] = [
  {
    example: 'statistics: max connection rate 1/60s for (smtp:192.0.2.1) at Nov 24 23:00:00',
    pattern: /^statistics: max /,
  },
]

export const scacheEntries: readonly LineEntry[] = [
  { example: 'statistics: domain lookup hits=0 miss=1 success=0%', pattern: /^statistics: / },
]

export const verifyEntries: readonly LineEntry[] = [
  {
    example: 'cache btree:/var/lib/postfix/verify_cache full cleanup: retained=1 dropped=0 entries',
    pattern: /^cache \S+ (?:full|partial) cleanup: /,
  },
]

export const postsuperEntries: readonly LineEntry[] = [
  {
    example: '4gKz1: released from hold',
    pattern: line(QUEUE_ID, ': (?:removed|requeued|expired|placed on hold|released from hold)$'),
  },
  {
    example: 'Deleted: 2 messages',
    pattern:
      /^(?:Deleted|Requeued|Expired|Placed on hold|Released from hold|Renamed to match inode number): \d+ messages?$/,
  },
]

export const dnsblogEntries: readonly LineEntry[] = [
  {
    example: 'addr 192.0.2.1 listed by domain zen.example as 127.0.0.2',
    pattern: /^addr \S+ listed by domain \S+ as /,
  },
]

export const tlsproxyEntries: readonly LineEntry[] = [
  { example: 'CONNECT from [192.0.2.1]:2525', pattern: /^(?:DIS)?CONNECT (?:from )?\[/ },
  {
    example: 'Anonymous TLS connection established from [192.0.2.1]:2525: TLSv1.3',
    pattern: /^(?:\w+ )?TLS connection established /,
  },
  { example: 'SSL_accept error from [192.0.2.1]:2525: lost connection', pattern: /^SSL_accept error from / },
]

export const postgreyEntries: readonly LineEntry[] = [
  {
    example: 'action=greylist, reason=new, client_name=a, client_address=192.0.2.1/32, sender=a@x, recipient=b@y',
    pattern: /^(?:\w+: )?action=\w+, reason=/,
  },
  { example: 'cleaning up old logs...', pattern: /^(?:cleaning (?:up|main|clients) |rm |whitelisted: |2?\d{3}\/)/ },
  {
    example: 'Process Backgrounded',
    pattern: /^(?:Process Backgrounded|Binding to |Setting (?:gid|uid) |Group |Server closing|Resolved )/,
  },
]

export const spfEntries: readonly LineEntry[] = [
  {
    example: '550 5.7.23 Message rejected due to: SPF fail - not authorized.',
    pattern: /^(?:[0-9A-Za-z]{4,24}: )?\d{3} \d\.\d\.\d+ Message (?:rejected|deferred) due to: /,
  },
  {
    example: 'prepend Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=192.0.2.1',
    pattern: /^(?:[0-9A-Za-z]{4,24}: )?(?:prepend |Action: )/,
  },
  { example: 'Pass; identity=mailfrom; client-ip=192.0.2.1', pattern: /^(?:[0-9A-Za-z]{4,24}: )?\w+; identity=/ },
  {
    example: 'Read line: "x"',
    pattern: /^(?:Read line|spfcheck|Starting|Normal exit|Found instance|Not Found instance|Cached data)/,
  },
]

export const signerEntries: readonly LineEntry[] = [
  { example: '4gKz1: DKIM-Signature field added (s=a, d=x.example)', pattern: line(QUEUE_ID, ': DKIM') },
  {
    example: '4gKz1: x.example none',
    pattern: line(QUEUE_ID, ': \\S+ (?:pass|fail|none|bestguesspass|temperror|permerror)$'),
  },
  {
    example: '4gKz1: s=a d=x.example a=rsa-sha256 SSL ',
    pattern: line(
      QUEUE_ID,
      ': (?:s=|SPF|\\S+ \\[|no signature data|bad signature data|key retrieval failed|signature=|failed to parse|not authenticated|external host|can.t determine|Authentication-Results|ignoring|RFC5322|verification)',
    ),
  },
  { example: 'OpenDKIM Filter v2.11.0 starting', pattern: /^Open(?:DKIM|DMARC) Filter v?\S* (?:starting|terminating)/ },
  { example: 'SPF(mailfrom): x.example pass', pattern: /^(?:[0-9A-Za-z]{4,24}: )?SPF\((?:mailfrom|helo)\): / },
  { example: 'x.example fail', pattern: /^[\w.-]+ (?:pass|fail|none|temperror|permerror)$/ },
  { example: '4gKz1: ARC pass, policy pass > overriding DMARC fail', pattern: line(QUEUE_ID, ': ARC ') },
  {
    example: '4gKz1: unable to parse From header field',
    pattern: line(QUEUE_ID, ': (?:unable to|bad|no|multi-valued|implicit authentication) '),
  },
]
