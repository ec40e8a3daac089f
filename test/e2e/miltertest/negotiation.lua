-- What is agreed on with MTAs of several ages, and that all else is answered.
local all = SMFIP_NR_CONN + SMFIP_NR_HELO + SMFIP_NR_MAIL + SMFIP_NR_RCPT + SMFIP_NR_DATA + SMFIP_NR_UNKN
  + SMFIP_NR_HDR + SMFIP_NR_EOH + SMFIP_NR_BODY

local conn = connect()
negotiate(conn, 6, SMFIF_ADDHDRS + SMFIF_CHGHDRS + SMFIF_QUARANTINE, all + SMFIP_SKIP + SMFIP_HDR_LEADSPC + SMFIP_NODATA)
want(mt.test_action(conn, SMFIF_ADDHDRS), true, "ADDHDRS")
want(mt.test_action(conn, SMFIF_CHGHDRS), true, "CHGHDRS")
want(mt.test_action(conn, SMFIF_QUARANTINE), true, "QUARANTINE")
want(mt.test_action(conn, SMFIF_CHGBODY), false, "CHGBODY")
want(mt.test_action(conn, SMFIF_ADDRCPT), false, "ADDRCPT")
for _, flag in ipairs({ SMFIP_NR_CONN, SMFIP_NR_HELO, SMFIP_NR_MAIL, SMFIP_NR_RCPT, SMFIP_NR_HDR, SMFIP_NR_EOH, SMFIP_NR_BODY, SMFIP_HDR_LEADSPC }) do
  want(mt.test_option(conn, flag), true, "option " .. flag)
end
want(mt.test_option(conn, SMFIP_RCPT_REJ), false, "RCPT_REJ")
want(mt.test_option(conn, SMFIP_NR_DATA), false, "NR_DATA")
ok(mt.conninfo(conn, "client.example", "192.0.2.1"), "conninfo")
message(conn, "accept")
want(mt.getreply(conn), SMFIR_ACCEPT, "eom")
mt.disconnect(conn)

-- As sendmail 8.13: no event goes without an answer.
conn = connect()
negotiate(conn, 2, SMFIF_ADDHDRS + SMFIF_CHGHDRS, SMFIP_NOCONNECT + SMFIP_NOHELO + SMFIP_NOMAIL + SMFIP_NORCPT + SMFIP_NOBODY + SMFIP_NOHDRS + SMFIP_NOEOH)
want(mt.test_option(conn, SMFIP_NR_HDR), false, "NR_HDR")
ok(mt.conninfo(conn, "client.example", "192.0.2.1"), "conninfo")
want(mt.getreply(conn), SMFIR_CONTINUE, "conninfo")
ok(mt.helo(conn, "helo.example"), "helo")
want(mt.getreply(conn), SMFIR_CONTINUE, "helo")
ok(mt.mailfrom(conn, "<sender@client.example>"), "mailfrom")
want(mt.getreply(conn), SMFIR_CONTINUE, "mailfrom")
ok(mt.rcptto(conn, "<you@example.com>"), "rcptto")
want(mt.getreply(conn), SMFIR_CONTINUE, "rcptto")
ok(mt.header(conn, "Subject", "insert"), "header")
want(mt.getreply(conn), SMFIR_CONTINUE, "header")
ok(mt.eoh(conn), "eoh")
want(mt.getreply(conn), SMFIR_CONTINUE, "eoh")
ok(mt.bodyrandom(conn, 200000), "body")
want(mt.getreply(conn), SMFIR_CONTINUE, "body")
ok(mt.eom(conn), "eom")
want(mt.getreply(conn), SMFIR_ACCEPT, "eom")
-- Without SMFIP_HDR_LEADSPC the MTA adds the blank.
want(mt.eom_check(conn, MT_HDRINSERT, "Received-SPF", "Pass", 0), true, "inserted")
mt.disconnect(conn)

-- What miltertest offers by itself; it fills in what is left out.
conn = connect()
ok(mt.header(conn, "Subject", "accept"), "header alone")
ok(mt.eom(conn), "eom")
want(mt.getreply(conn), SMFIR_ACCEPT, "eom")
mt.disconnect(conn)

-- Larger packets.
conn = connect()
negotiate(conn, 6, SMFIF_ADDHDRS, all + SMFIP_MDS_256K + SMFIP_MDS_1M)
want(mt.test_option(conn, SMFIP_MDS_1M), true, "MDS_1M")
want(mt.test_option(conn, SMFIP_MDS_256K), false, "MDS_256K")
mt.disconnect(conn)
