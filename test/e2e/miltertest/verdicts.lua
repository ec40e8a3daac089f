-- What is asked of the MTA at the end of a message; several messages over one connection.
local conn = connect()
negotiate(conn, nil, nil, nil)
local blank = ""
if mt.test_option(conn, SMFIP_HDR_LEADSPC) then blank = " " end
ok(mt.conninfo(conn, "client.example", "192.0.2.1"), "conninfo")
ok(mt.helo(conn, "helo.example"), "helo")

message(conn, "insert")
want(mt.getreply(conn), SMFIR_ACCEPT, "insert")
want(mt.eom_check(conn, MT_HDRINSERT, "Received-SPF", blank .. "Pass", 0), true, "Received-SPF")
want(mt.eom_check(conn, MT_HDRINSERT, "Authentication-Results", blank .. "mx.example.com; dmarc=pass\n\theader.from=client.example", 0), true, "Authentication-Results")
want(mt.eom_check(conn, MT_HDRDELETE), false, "nothing deleted")
want(mt.eom_check(conn, MT_BODYCHANGE), false, "body untouched")
want(mt.eom_check(conn, MT_RCPTADD, "<you@example.com>"), false, "no recipient added")

message(conn, "replace")
want(mt.eom_check(conn, MT_HDRDELETE, "authentication-results"), true, "deleted")

message(conn, "reject")
want(mt.getreply(conn), SMFIR_REPLYCODE, "reject")
want(mt.eom_check(conn, MT_SMTPREPLY, "550", "5.7.1", "rejected by DMARC policy for 100%%.example"), true, "reply")
want(mt.eom_check(conn, MT_HDRINSERT), false, "a refused message is not changed")

message(conn, "tempfail")
want(mt.getreply(conn), SMFIR_REPLYCODE, "tempfail")
want(mt.eom_check(conn, MT_SMTPREPLY, "451", "4.7.1", "try again later"), true, "reply")

message(conn, "quarantine")
want(mt.getreply(conn), SMFIR_ACCEPT, "quarantine")
want(mt.eom_check(conn, MT_QUARANTINE, "fails DMARC"), true, "quarantine")

-- Broken off in each phase, then a whole one.
ok(mt.mailfrom(conn, "<x@client.example>"), "mailfrom")
ok(mt.abort(conn), "abort")
ok(mt.mailfrom(conn, "<x@client.example>"), "mailfrom")
ok(mt.rcptto(conn, "<x@example.com>"), "rcptto")
ok(mt.header(conn, "Subject", "reject"), "header")
ok(mt.abort(conn), "abort")
ok(mt.mailfrom(conn, "<x@client.example>"), "mailfrom")
ok(mt.rcptto(conn, "<x@example.com>"), "rcptto")
ok(mt.header(conn, "Subject", "reject"), "header")
ok(mt.eoh(conn), "eoh")
ok(mt.bodystring(conn, "x\r\n"), "body")
ok(mt.abort(conn), "abort")
message(conn, "accept")
want(mt.getreply(conn), SMFIR_ACCEPT, "after aborts")
mt.disconnect(conn)

-- A verdict that takes its time: miltertest gives up after three seconds, but for the progress.
conn = connect()
ok(mt.conninfo(conn, "client.example", "192.0.2.1"), "conninfo")
mt.set_timeout(7)
message(conn, "slow")
want(mt.getreply(conn), SMFIR_ACCEPT, "slow")
mt.disconnect(conn)

-- Gone without a word, in the middle.
conn = connect()
ok(mt.mailfrom(conn, "<x@client.example>"), "mailfrom")
mt.disconnect(conn, false)
