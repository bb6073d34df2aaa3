import { describe, expect, it } from 'vitest'
import { isIssuerOf, isIssuerOfToken, isSameIssuer } from './issuers.ts'

describe('P81 two issuers', () => {
  it.each([
    ['https://login.example', 'https://login.example/'],
    ['https://login.example/tenant/', 'https://login.example/tenant'],
    ['https://LOGIN.example:443/a', 'https://login.example/a'],
    ['https://accounts.google.com', 'accounts.google.com'],
    ['https://login.example/{tenantid}/v2.0', 'https://login.example/{tenantid}/v2.0/'],
  ])('are the same: %s and %s', (one, other) => {
    expect(isSameIssuer(one, other)).toBe(true)
    expect(isSameIssuer(other, one)).toBe(true)
  })

  it.each([
    ['https://login.example', 'http://login.example'],
    ['https://login.example/a', 'https://login.example/A'],
    ['https://login.example/a', 'https://login.example/a//'],
    ['https://login.example', 'https://login.example.evil.example'],
    ['https://login.example', undefined],
    [undefined, undefined],
    ['', 'https://login.example'],
  ])('are not the same: %s and %s', (one, other) => {
    expect(isSameIssuer(one, other)).toBe(false)
  })
})

describe('P92 a server of many tenants', () => {
  const tenant = '9188040d-6c67-4c5b-b112-36a304b66dad'

  it.each([
    [`https://login.microsoftonline.com/{tenantid}/v2.0`, 'https://login.microsoftonline.com/common/v2.0'],
    [`https://login.microsoftonline.com/${tenant}/v2.0`, 'https://login.microsoftonline.com/consumers/v2.0'],
    [`https://login.microsoftonline.com/${tenant}/v2.0`, 'https://login.microsoftonline.com/contoso.com/v2.0'],
    ['https://sts.windows.net/{tenantid}/', 'https://login.microsoftonline.com/common'],
    [
      `https://contoso.b2clogin.com/${tenant}/v2.0/`,
      'https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/v2.0',
    ],
    [`https://${tenant}.ciamlogin.com/${tenant}/v2.0`, 'https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0'],
    ['https://login.example/{tenantid}/v2.0', 'https://login.example/contoso/v2.0'],
    ['https://login.example/contoso/v2.0', 'https://login.example/organizations/v2.0'],
    ['http://127.0.0.1:8080/contoso/v2.0', 'http://127.0.0.1:8080/common/v2.0'],
    ['https://login.example/a/{tenantid}/v2.0', 'https://login.example/a/contoso/v2.0'],
  ])('may go by the name %s where the app wrote %s', (named, issuer) => {
    expect(isIssuerOf(named, issuer)).toBe(true)
  })

  it.each([
    ['https://evil.example/{tenantid}/v2.0', 'https://login.microsoftonline.com/common/v2.0'],
    ['https://login.microsoftonline.com.evil.example/a/v2.0', 'https://login.microsoftonline.com/common/v2.0'],
    ['https://b2clogin.com.evil.example/a', 'https://contoso.b2clogin.com/a'],
    ['https://login.example/contoso/v2.0', 'https://login.example/fabrikam/v2.0'],
    ['https://evil.example', 'https://common'],
    ['https://login.example/{tenantid}/a', 'https://login.example/common/b'],
    // A realm that happens to be called so.
    ['https://id.example/realms/other', 'https://id.example/realms/common'],
    ['https://id.example/common/other', 'https://id.example/common/consumers'],
  ])('may not go by the name %s where the app wrote %s', (named, issuer) => {
    expect(isIssuerOf(named, issuer)).toBe(false)
  })

  it('names the tenant in its tokens, which the claim `tid` must not contradict', () => {
    const template = 'https://login.example/{tenantid}/v2.0'
    const iss = `https://login.example/${tenant}/v2.0`
    expect(isIssuerOfToken(iss, template, tenant)).toBe(true)
    expect(isIssuerOfToken(iss, template, undefined)).toBe(true)
    expect(isIssuerOfToken(iss, template, 'another')).toBe(false)
    expect(isIssuerOfToken(iss, 'https://login.example/common/v2.0', tenant)).toBe(false)
    expect(isIssuerOfToken('https://evil.example/a/v2.0', template, 'a')).toBe(false)
  })
})
