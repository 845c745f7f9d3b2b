#include "accounts.h"
#include "base/strings.h"
#include <pwd.h>
#include <stdio.h>

static void close_file(FILE **f)
{
        if (*f)
                (void)fclose(*f); /* only read */
}

static bool find(const char *user, Account *ret)
{
        _cleanup_(close_file) FILE *f = fopen("/etc/passwd", "re");
        struct passwd *entry;

        while (f && (entry = fgetpwent(f)))
                if (streq(entry->pw_name, user)) {
                        *ret = (Account){ .uid = entry->pw_uid, .gid = entry->pw_gid };
                        return true;
                }
        return false;
}

int account_lookup(const char *user, Account *ret, BrigError *err)
{
        Account a = { .uid = BRIG_FALLBACK_ID, .gid = BRIG_FALLBACK_ID };
        bool found = find(user ? user : BRIG_DEFAULT_USER, &a);

        if (!found && user)
                return brig_error_set(err, BRIG_ERR_INVALID, ENOENT, "user: no \"%s\" in /etc/passwd", user);
        if (a.uid == 0 || a.gid == 0)
                return brig_error_set(err, BRIG_ERR_INVALID, EPERM, "user: \"%s\" is root or in root's group, brig-api must have no privilege",
                                      user ? user : BRIG_DEFAULT_USER);
        *ret = a;
        return 0;
}
