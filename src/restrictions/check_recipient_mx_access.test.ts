import { testServerAccess } from '../../test/support/server_access_cases.ts'

testServerAccess({ restriction: 'check_recipient_mx_access', type: 'MX', of: 'recipient' })
