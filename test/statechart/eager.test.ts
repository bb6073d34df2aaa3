import { checkChart } from './check-chart.ts'

// A token that is spent or refused is refreshed at once; one that is due may be without a refresh token.
checkChart('eager', { unreachable: ['expired/idle', 'rejected/idle'] })
