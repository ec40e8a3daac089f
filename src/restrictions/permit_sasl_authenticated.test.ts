import { type RestrictionSetting, testSaid } from '../../test/support/restriction_cases.ts'

const setting: Omit<RestrictionSetting, 'fact'> = {
  word: 'permit_sasl_authenticated',
  mainCf: 'smtpd_sasl_auth_enable = yes',
}

// biome-ignore format: columns
testSaid(setting, [
  // said             main.cf                        expected
  [{},                '',                            'dunno'],
  [{ sasl: 'alice' }, '',                            'permit'],
  [{ sasl: 'alice' }, 'smtpd_sasl_auth_enable = no', 'dunno'],
])
