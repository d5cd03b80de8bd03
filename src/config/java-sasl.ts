import { type JaasConfig, parseJaas } from './jaas.ts'
import { type JavaEntry, type JavaTable, rename, withoutEffect } from './java-property.ts'

const kerberos = 'librdkafka renews tickets every sasl.kerberos.min.time.before.relogin'
const oauth = 'librdkafka fetches and renews tokens in its own way'
const credentials = ['sasl.username', 'sasl.oauthbearer.method', 'sasl.kerberos.principal']
const aws =
  "Amazon's IAM needs its Java classes; use a SASL/SCRAM user (MSK keeps them in Secrets Manager) or mutual TLS"

/** Java's SASL settings. */
export const javaSaslProperties: JavaTable = {
  'sasl.jaas.config': {
    hint:
      'Use sasl.username and sasl.password; for OAUTHBEARER sasl.oauthbearer.method=oidc with ' +
      'sasl.oauthbearer.client.id, sasl.oauthbearer.client.secret and sasl.oauthbearer.token.endpoint.url',
    translate: jaas,
  },
  'sasl.login.callback.handler.class': {
    hint: 'Use sasl.oauthbearer.method=oidc, which fetches tokens without a class',
    translate: loginHandler,
  },
  'sasl.client.callback.handler.class': withoutEffect('callback handlers are Java classes'),
  'sasl.login.class': withoutEffect('logins are Java classes'),
  'sasl.kerberos.kinit.cmd': {
    hint: 'librdkafka has it too',
    translate: entry => {
      // Java's is the path of kinit, librdkafka's a whole command
      if (/\s/.test(entry.value)) entry.set(entry.name, entry.value)
      else entry.warn('has no effect: librdkafka takes a whole command there, not the path of kinit')
    },
  },
  'sasl.kerberos.ticket.renew.jitter': withoutEffect(kerberos),
  'sasl.kerberos.ticket.renew.window.factor': withoutEffect(kerberos),
  'sasl.login.connect.timeout.ms': withoutEffect(oauth),
  'sasl.login.read.timeout.ms': withoutEffect(oauth),
  'sasl.login.refresh.buffer.seconds': withoutEffect(oauth),
  'sasl.login.refresh.min.period.seconds': withoutEffect(oauth),
  'sasl.login.refresh.window.factor': withoutEffect(oauth),
  'sasl.login.refresh.window.jitter': withoutEffect(oauth),
  'sasl.login.retry.backoff.ms': withoutEffect(oauth),
  'sasl.login.retry.backoff.max.ms': withoutEffect(oauth),
  'sasl.oauthbearer.scope.claim.name': withoutEffect(oauth),
  'sasl.oauthbearer.sub.claim.name': withoutEffect(oauth),
  'sasl.oauthbearer.header.urlencode': withoutEffect(oauth),
  'sasl.oauthbearer.assertion.template.file': rename('sasl.oauthbearer.assertion.jwt.template.file'),
  'sasl.oauthbearer.jwt.retriever.class': {
    hint: 'Use sasl.oauthbearer.grant.type',
    translate: retriever,
  },
}

function jaas(entry: JavaEntry): void {
  const config = parseJaas(entry.value, entry.source)
  switch (config.module) {
    case 'PlainLoginModule':
      userAndPassword(entry, config)
      break
    case 'ScramLoginModule':
      if (config.options.get('tokenauth')?.toLowerCase() === 'true') {
        const instead = 'Use a SCRAM user and password instead'
        throw entry.refuse('holds a delegation token, which librdkafka does not know', instead)
      }
      userAndPassword(entry, config)
      break
    case 'OAuthBearerLoginModule':
      oauthBearer(entry, config)
      break
    case 'Krb5LoginModule':
      copy(entry, config, {
        principal: 'sasl.kerberos.principal',
        keyTab: 'sasl.kerberos.keytab',
        serviceName: 'sasl.kerberos.service.name',
      })
      break
    default:
      entry.refuseUnless(
        credentials,
        'names a login module that librdkafka does not have',
        config.module === 'IAMLoginModule'
          ? aws
          : 'It has those of PLAIN, SCRAM, OAUTHBEARER and GSSAPI; set sasl.username and the like instead',
      )
  }
}

function userAndPassword(entry: JavaEntry, config: JaasConfig): void {
  copy(entry, config, { username: 'sasl.username', password: 'sasl.password' })
}

function oauthBearer(entry: JavaEntry, config: JaasConfig): void {
  const subject = config.options.get('unsecuredLoginStringClaim_sub')
  if (subject !== undefined) {
    entry.set('enable.sasl.oauthbearer.unsecure.jwt', 'true')
    entry.set('sasl.oauthbearer.config', `principal=${subject}`)
    return
  }
  if (config.options.has('clientId')) entry.set('sasl.oauthbearer.method', 'oidc')
  copy(entry, config, {
    clientId: 'sasl.oauthbearer.client.id',
    clientSecret: 'sasl.oauthbearer.client.secret',
    scope: 'sasl.oauthbearer.scope',
  })
  const extensions = [...config.options].filter(([name]) => name.startsWith('extension_'))
  if (extensions.length > 0) {
    const pairs = extensions.map(([name, value]) => `${name.slice('extension_'.length)}=${value}`)
    entry.set('sasl.oauthbearer.extensions', pairs.join(','))
  }
}

function copy(entry: JavaEntry, config: JaasConfig, names: Readonly<Record<string, string>>): void {
  for (const [option, property] of Object.entries(names)) {
    const value = config.options.get(option)
    if (value !== undefined) entry.set(property, value)
  }
}

function loginHandler(entry: JavaEntry): void {
  if (/\.OAuthBearerUnsecuredLoginCallbackHandler$/.test(entry.value)) return
  if (/\.OAuthBearerLoginCallbackHandler$/.test(entry.value)) {
    entry.set('sasl.oauthbearer.method', 'oidc')
    return
  }
  entry.refuseUnless(
    credentials,
    'names a Java class that cannot run here',
    entry.value.includes('.msk.')
      ? aws
      : 'Use sasl.oauthbearer.method=oidc, which fetches tokens without a class',
  )
}

const grantTypes: ReadonlyMap<string, string> = new Map([
  ['DefaultJwtRetriever', 'client_credentials'],
  ['ClientCredentialsJwtRetriever', 'client_credentials'],
  ['JwtBearerJwtRetriever', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
])

function retriever(entry: JavaEntry): void {
  const grantType = grantTypes.get(entry.value.slice(entry.value.lastIndexOf('.') + 1))
  if (grantType === undefined) {
    entry.refuseUnless(
      ['sasl.oauthbearer.method', 'sasl.oauthbearer.grant.type'],
      'names a Java class that cannot run here',
      `Use sasl.oauthbearer.grant.type: ${[...new Set(grantTypes.values())].join(' or ')}`,
    )
    return
  }
  entry.set('sasl.oauthbearer.method', 'oidc')
  entry.set('sasl.oauthbearer.grant.type', grantType)
}
