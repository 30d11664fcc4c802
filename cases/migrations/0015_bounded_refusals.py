"""Counts of what was not told one by one, and the addresses of tokens."""


import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0014_recorded_rows'),
        ('people', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='RefusalCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('denied', 'Requests refused'), ('log_in', 'Log-ins that failed'), ('reset', 'Password resets asked for'), ('token', 'Tokens that were refused'), ('calendar', 'Calendars read'), ('place', 'New addresses of tokens')], max_length=10)),
                ('whose', models.CharField(max_length=80)),
                ('began_at', models.DateTimeField()),
                ('told', models.PositiveIntegerField(default=0)),
                ('left_out', models.PositiveBigIntegerField(default=0)),
            ],
            options={
                'indexes': [models.Index(fields=['began_at'], name='refusalcount_by_age')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'whose', 'began_at'), name='refusalcount_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['denied', 'log_in', 'reset', 'token', 'calendar', 'place'])), name='refusalcount_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='TokenPlace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=64)),
                ('first_at', models.DateTimeField()),
                ('token', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='places', to='people.apitoken')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('token', 'address'), name='tokenplace_once')],
            },
        ),
    ]
