import { testServerAccess } from '../../test/support/server_access_cases.ts'

testServerAccess({ restriction: 'check_client_mx_access', type: 'MX', of: 'client' })
