#include "client/mail.h"

#include "base/mem.h"
#include "client/transfer.h"

#include <stdlib.h>

struct mail {
    struct transfer transfer; /* first */
    struct str left;          /* of the message */
    struct curl_slist *to;
    void (*on_done)(void *arg, const char *code, const char *message);
    void *arg;
    char detail[CURL_ERROR_SIZE];
};

/* One address: no space, no control character, nothing that ends the command it stands in. */
static bool is_address(const char *text)
{
    const char *at = strchr(text, '@');
    if (!at || at == text || !at[1] || strlen(text) > 254)
        return false;
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c == 0x7f || *c == '<' || *c == '>')
            return false;
    return true;
}

static bool is_server(const char *url)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL;
    bool ok = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              (strcmp(scheme, "smtp") == 0 || strcmp(scheme, "smtps") == 0);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return ok;
}

const char *mail_fault(const struct mail_options *o)
{
    if (!is_server(o->server))
        return "server is smtp://host or smtps://host";
    if (!is_address(o->from))
        return "from is no mail address";
    if (!is_address(o->to))
        return "to is no mail address";
    return NULL;
}

static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct mail *mail = arg;
    size_t n = size * count < mail->left.n ? size * count : mail->left.n;
    memcpy(out, mail->left.p, n);
    mail->left = str_of(mail->left.p + n, mail->left.n - n);
    return n;
}

static void mail_free(struct mail *mail)
{
    curl_easy_cleanup(mail->transfer.easy);
    curl_slist_free_all(mail->to);
    free(mail);
}

/* libcurl tells a refusal as an error in sending; which one it was says the server's last reply (RFC 5321 §4.2.1). */
static const char *code_of(struct mail *mail, CURLcode result)
{
    long reply = 0;
    curl_easy_getinfo(mail->transfer.easy, CURLINFO_RESPONSE_CODE, &reply);
    if (result == CURLE_LOGIN_DENIED)
        return "denied";
    bool refused = result == CURLE_SEND_ERROR || result == CURLE_RECV_ERROR || result == CURLE_WEIRD_SERVER_REPLY ||
                   result == CURLE_REMOTE_ACCESS_DENIED;
    if (refused && reply >= 500 && reply < 600)
        return "rejected";
    if (refused && reply >= 400 && reply < 500)
        return "deferred";
    return transfer_code(result);
}

static void on_result(struct transfer *t, CURLcode result)
{
    struct mail *mail = (struct mail *)t;
    const char *code = code_of(mail, result);
    mail->on_done(mail->arg, code, mail->detail[0] ? mail->detail : curl_easy_strerror(result));
    mail_free(mail);
}

static void set_options(struct mail *mail, const struct mail_options *o)
{
    static const long tls[] = {CURLUSESSL_NONE, CURLUSESSL_TRY, CURLUSESSL_ALL};
    CURL *easy = mail->transfer.easy;
    curl_easy_setopt(easy, CURLOPT_URL, o->server);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, mail->detail);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(o->timeout * 1000));
    curl_easy_setopt(easy, CURLOPT_USE_SSL, tls[o->tls]);
    curl_easy_setopt(easy, CURLOPT_USERNAME, o->user);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, o->password);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, o->from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, mail->to);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, mail);
}

struct mail *mail_start(struct transfers *all, const struct mail_options *o,
                        void (*on_done)(void *arg, const char *code, const char *message), void *arg)
{
    struct mail *mail = mem_zalloc(sizeof *mail);
    mail->transfer.on_result = on_result;
    mail->transfer.easy = curl_easy_init();
    mail->to = curl_slist_append(NULL, o->to);
    if (!mail->transfer.easy || !mail->to)
        abort(); /* without memory; see base/mem.h */
    mail->left = o->message;
    mail->on_done = on_done;
    mail->arg = arg;
    set_options(mail, o);
    transfer_start(all, &mail->transfer);
    return mail;
}

void mail_cancel(struct mail *mail)
{
    transfer_stop(&mail->transfer);
    mail_free(mail);
}
