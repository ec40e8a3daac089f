/** Our own compilation of big senders, from their published SPF records and the host names that their mail comes from. */
export const SHIPPED_PROVIDERS = `
date: 2026-11-24
# Names under which customers can rent machines (googleusercontent.com, amazonaws.com, cloudapp.net …) must not stand here.

# Mailboxes
google          host:google.com host:googlemail.com                 spf:_spf.google.com spf:gmail.com spf:googlemail.com
microsoft       host:outbound.protection.outlook.com host:prod.outlook.com host:hotmail.com   spf:spf.protection.outlook.com spf:outlook.com spf:hotmail.com spf:live.com spf:msn.com
yahoo           host:yahoo.com host:yahoo.net                       spf:_spf.mail.yahoo.com spf:yahoo.com spf:ymail.com
aol             host:mail.aol.com                                   spf:aol.com
apple           host:apple.com host:icloud.com host:me.com host:mac.com   spf:icloud.com spf:me.com spf:mac.com spf:_spf.apple.com
gmx             host:mout.gmx.net host:mout-xforward.gmx.net        spf:gmx.net spf:gmx.de spf:gmx.at spf:gmx.ch spf:gmx.com
webde           host:mout.web.de host:mout-xforward.web.de          spf:web.de
ionos           host:mout.kundenserver.de host:mout.perfora.net     spf:_spf.kundenserver.de spf:_spf-eu.ionos.com spf:_spf-us.ionos.com
telekom         host:t-online.de                                    spf:t-online.de
freenet         host:mout.freenet.de                                spf:freenet.de
mailbox.org     host:mailbox.org                                    spf:mailbox.org
posteo          host:posteo.de                                      spf:posteo.de spf:posteo.net
proton          host:protonmail.ch host:proton.me                   spf:_spf.protonmail.ch spf:proton.me spf:protonmail.com
fastmail        host:messagingengine.com                            spf:spf.messagingengine.com spf:fastmail.com
zoho            host:zoho.com host:zoho.eu                          spf:zoho.com spf:zoho.eu spf:one.zoho.com
orange          host:smtp.orange.fr                                 spf:orange.fr spf:wanadoo.fr

# Senders of other people's mail
amazon_ses      host:amazonses.com                                  spf:amazonses.com
mailchimp       host:mcsv.net host:mcdlv.net host:rsgsv.net         spf:servers.mcsv.net
mandrill        host:mandrillapp.com                                spf:spf.mandrillapp.com
sendgrid        host:sendgrid.net                                   spf:sendgrid.net
mailgun         host:mailgun.net host:mailgun.org                   spf:mailgun.org spf:eu.mailgun.org
mailjet         host:mailjet.com                                    spf:spf.mailjet.com
brevo           host:sendinblue.com host:brevosend.com              spf:spf.sendinblue.com spf:spf.brevo.com
postmark        host:mtasv.net                                      spf:spf.mtasv.net
sparkpost       host:sparkpostmail.com                              spf:_netblocks.sparkpostmail.com spf:sparkpostmail.com
salesforce      host:exacttarget.com host:salesforce.com            spf:_spf.salesforce.com spf:cust-spf.exacttarget.com
hubspot         host:hubspotemail.net                               spf:spf.hubspotemail.net
constantcontact host:constantcontact.com                            spf:spf.constantcontact.com
proofpoint      host:pphosted.com                                   spf:spf-a.pphosted.com
mimecast        host:mimecast.com host:mimecast.co.za               spf:eu._netblocks.mimecast.com spf:us._netblocks.mimecast.com spf:de._netblocks.mimecast.com

# Services that write themselves
amazon          host:amazon.com host:amazon.de                      spf:amazon.com spf:amazon.de
facebook        host:facebook.com host:facebookmail.com             spf:facebookmail.com
linkedin        host:linkedin.com                                   spf:linkedin.com
github          host:smtp.github.com                                spf:github.com
paypal          host:paypal.com                                     spf:paypal.com
ebay            host:ebay.com                                       spf:ebay.com
atlassian       host:atlassian.net                                  spf:atlassian.net
`.slice(1)
