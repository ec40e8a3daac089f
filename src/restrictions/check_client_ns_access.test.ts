import { testServerAccess } from '../../test/support/server_access_cases.ts'

testServerAccess({ restriction: 'check_client_ns_access', type: 'NS', of: 'client' })
