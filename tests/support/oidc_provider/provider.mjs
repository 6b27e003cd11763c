// A real OpenID provider on loopback, with one client and anybody as a user.
// node provider.mjs PORT CLIENT SECRET REDIRECT,REDIRECT AFTER_LOGOUT
import { Provider } from 'oidc-provider';

const [port, client, secret, redirects, after] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: client,
    client_secret: secret,
    redirect_uris: redirects.split(','),
    post_logout_redirect_uris: [after],
    grant_types: ['authorization_code', 'refresh_token'],
  }],
  scopes: ['openid', 'offline_access', 'email', 'groups'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  ttl: { AccessToken: 3600, IdToken: 300, RefreshToken: 86400, Session: 86400, Grant: 86400,
    Interaction: 600, AuthorizationCode: 60 },
  issueRefreshToken: async (ctx, client, code) => code.scopes.has('offline_access'),
  rotateRefreshToken: true,
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id, email: `${id}@a.test`, email_verified: true, groups: ['staff', 'ops'],
    }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
