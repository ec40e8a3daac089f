import { LIST_ZONE, lookupError } from '../../test/support/list_zone.ts'
import { type RestrictionSetting, testRestriction } from '../../test/support/restriction_cases.ts'

const setting: RestrictionSetting = {
  word: 'permit_dnswl_client bl.example',
  fact: 'client',
  dns: LIST_ZONE,
  said: { recipient: 'user@here.example' },
}

// biome-ignore format: columns
testRestriction(setting, [
  // client         main.cf  expected
  ['192.0.2.1',     '',      'permit'],
  ['2001:db8:5::1', '',      'permit'],
  ['192.0.2.9',     '',      'dunno'],
  ['192.0.2.3',     '',      'defer_if_reject 450 4.7.1 <192.0.2.3>: Client host rejected: Service unavailable', lookupError('3.2.0.192.bl.example')],
])

// biome-ignore format: columns
testRestriction({ ...setting, word: 'permit_dnswl_client bl.example=127.0.[0..255].[1..3]' }, [
  ['192.0.2.1', '', 'permit'],
  ['192.0.2.2', '', 'dunno'],
])

// Never a relay for strangers; the list is then not even asked.
// biome-ignore format: columns
testRestriction({ ...setting, said: { recipient: 'user@elsewhere.example' } }, [
  ['192.0.2.1', '', 'dunno'],
  ['192.0.2.3', '', 'dunno'],
])

// Postfix looks at the recipient only at RCPT.
// biome-ignore format: columns
testRestriction({ ...setting, said: { recipient: 'user@elsewhere.example', where: 'VRFY' } }, [
  ['192.0.2.1', '', 'permit'],
])

// biome-ignore format: columns
testRestriction({ ...setting, word: 'permit_dnswl_client bl.example=127' }, [
  ['192.0.2.1', '', 'fault 451 4.3.5 Server configuration error', 'RBL reply error: need four fields separated by "." in "127"'],
])
