import type { Config } from '../config/config.ts'

export interface Welcome {
  /** SMTP first. */
  readonly listening: readonly string[]
  /** Where check_policy_service of a Postfix may ask. */
  readonly policies: readonly string[]
  /** Where smtpd_milters of a Postfix may connect. */
  readonly milters: readonly string[]
  readonly config: Config
  /** As --config has it. */
  readonly configPath: string
}

/** What `npm start` shows a newcomer: where it listens, and lines to paste. */
export function welcome({ listening, policies, milters, config, configPath }: Welcome): string {
  const [host, port] = splitName(listening[0] ?? '')
  const recipient = `you@${config.myhostname}`
  const overrides = `-o postern_state_directory=${config.postern_state_directory}`
  return `
Postern judges SMTP clients on ${listening.join(', ')}
  policy server  ${policies.join(', ') || 'none'}
  milter         ${milters.join(', ') || 'none'}
  configuration  ${configPath}/main.cf
  accepted mail  ${config.postern_next_hop}

Try it in another terminal.

1. Be a spammer: from this machine, but judged as a client from outside.

   swaks --server ${host}:${port} --xclient 'ADDR=192.0.2.7 NAME=[UNAVAILABLE]' \\
     --helo friend --from offer@example.com --to ${recipient}

   or type it yourself: telnet ${host} ${port}

   XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE]
   EHLO friend
   MAIL FROM:<offer@example.com>
   RCPT TO:<${recipient}>
   QUIT

2. Be told why, with every question that was asked:

   bin/postern explain -c ${configPath} ${overrides} \\
     --client 192.0.2.7 --helo friend --from offer@example.com --to ${recipient}

3. Send a good mail (this machine is in mynetworks) and read it:

   swaks --server ${host}:${port} --from me@example.com --to ${recipient}
   cat ${config.postern_next_hop.replace(/^maildir:/, '')}/new/*

4. Change ${configPath}/main.cf, then:

   bin/postern check -c ${configPath}
   bin/postern reload -c ${configPath} ${overrides}

End it with ^C.

`
}

function splitName(name: string): readonly [host: string, port: string] {
  const colon = name.lastIndexOf(':')
  return [name.slice(0, colon), name.slice(colon + 1)]
}
